// Pictures of labels that were drawn once and may be needed again. Pure: what a picture is comes in. Bounds: `mostKept` of
// them and `mostPixels`, but those in use stay, or each frame would draw them anew.

export interface Sized {
  readonly width: number;
  readonly height: number;
}

const mostKept = 160;
/** 64 MiB of them. */
const mostPixels = 1 << 24;

export class Pictures<T extends Sized> {
  /** The newest use stands last. */
  private readonly kept = new Map<string, T>();
  private pixels = 0;

  get(key: string, make: () => T): T {
    const found = this.kept.get(key);
    const one = found ?? make();
    if (found === undefined) this.pixels += one.width * one.height;
    else this.kept.delete(key);
    this.kept.set(key, one);
    return one;
  }

  /** Lets go of the oldest where there is too much; the last so many uses stay. */
  trim(inUse: number): void {
    let idle = this.kept.size - inUse;
    for (const [key, one] of this.kept) {
      if (idle-- <= 0 || (this.kept.size <= mostKept && this.pixels <= mostPixels)) return;
      this.kept.delete(key);
      this.pixels -= one.width * one.height;
    }
  }

  clear(): void {
    this.kept.clear();
    this.pixels = 0;
  }
}
