export interface Mock {
  url: string;
  talk(id: string, ms: number): void;
  close(): Promise<void>;
}
export function startMock(options?: { port?: number; mediaFolder?: string }): Promise<Mock>;
