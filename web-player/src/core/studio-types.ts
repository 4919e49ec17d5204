// The values of docs/API.md that only the control page sees.

import type { LiveUrls, PublicVenue, ReplayUrls } from './types';

export type State = 'scheduled' | 'rehearsal' | 'live' | 'ended';

export interface Scene {
  layout: string;
  venues: string[];
  slate?: boolean;
  follow_audio?: boolean;
  title?: string;
}

export interface VenueMix {
  gain_db: number;
  mute: boolean;
}

export interface Mix {
  venues: Record<string, VenueMix>;
}

export interface Target {
  id: string;
  name: string;
  url: string;
  rendition?: string | null;
  enabled: boolean;
  has_key?: boolean;
}

export interface House {
  width: number;
  height: number;
  fps: number;
}

export interface Broadcast {
  id: string;
  title: string;
  description: string;
  language: string;
  state: State;
  hidden: boolean;
  starts_at: string | null;
  live_at: string | null;
  ended_at: string | null;
  poster: string | null;
  live: LiveUrls | null;
  replay: ReplayUrls | null;
  venues: PublicVenue[];
  house?: House | null;
  scene: Scene | null;
  mix: Mix | null;
  targets: Target[];
  preview: { hls: string } | null;
}

export type SourceKind = 'ingest' | 'pull' | 'file' | 'test';

export interface VenueSource {
  kind: SourceKind;
  url?: string;
  path?: string;
}

export interface Venue {
  id: string;
  name: string;
  source: VenueSource;
  av_offset_ms?: number;
  backup?: string | null;
  has_key?: boolean;
}

export interface IngestKey {
  rtmp: { url: string; stream_key: string } | null;
  rtmps: { url: string; stream_key: string } | null;
  srt: { url: string; stream_id: string; passphrase: string } | null;
}

export interface Tile {
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface Arrangement {
  venues: number;
  tiles: Tile[];
}

export interface Layout {
  id: string;
  labels?: Record<string, string>;
  arrangements: Arrangement[];
}

export type FeedState = 'waiting' | 'starting' | 'live' | 'stalled' | 'error';

/** What the mixer shows of a venue: nothing yet, its picture, its last picture for a moment, its slate. */
export type PictureState = 'none' | 'live' | 'held' | 'lost';

export interface Slot {
  slot: number;
  venue: string;
  state: PictureState;
  on_air?: boolean;
  peak_db?: [number, number];
  /** What the venue's feed said last. */
  feed?: {
    state?: FeedState;
    why?: string;
    source?: { video?: { codec?: string; width?: number; height?: number; fps?: number } | null } | null;
    stats?: { kbps?: number; dropped?: number; jitter_ms?: number; av_offset_ms?: number } | null;
  } | null;
}

export interface EncoderStatus {
  rendition: string;
  fps?: number;
  speed?: number;
  queue?: number;
  shed?: number;
  kbps?: number;
}

export interface TargetStatus {
  id: string;
  state: string;
  kbps?: number;
  reconnects?: number;
  dropped?: number;
  why?: string;
}

export interface RecordingStatus {
  state?: string;
  bytes?: number;
  free_bytes?: number;
  dropped?: number;
  why?: string;
}

export interface Status {
  engine?: 'running' | 'starting' | 'down';
  tick?: number;
  late_ms?: number;
  dropped_ticks?: number;
  shedding?: 'none' | 'thumbnails' | 'previews' | 'frames';
  scene?: Scene | null;
  slots?: Slot[];
  program?: { peak_db?: [number, number]; lufs?: number };
  encoders?: EncoderStatus[];
  targets?: TargetStatus[];
  recording?: RecordingStatus;
  processes?: { role: string; id: string; state: string; restarts: number }[];
  viewers?: number;
  /** Most were counted by what a proxy asked: there may be many more. */
  viewers_at_least?: boolean;
  now?: number;
}

export interface Levels {
  venues: Record<string, [number, number]>;
  program: [number, number];
}

export type ControlEvent =
  | ({ t: 'status' } & Status)
  | ({ t: 'levels' } & Levels)
  | { t: 'taken'; scene: Scene; at: number; tick: number }
  | ({ t: 'broadcast' } & Broadcast)
  | { t: 'thumbnail'; venue: string | null; n: number };
