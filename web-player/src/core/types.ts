// The values of docs/API.md as the pages use them.

export type PublicState = 'scheduled' | 'live' | 'ended' | 'replay';

export interface LiveUrls {
  hls: string;
  dvr: string | null;
  audio: string | null;
  audio_dvr?: string | null;
  dvr_window_s: number;
}

export interface ReplayUrls {
  hls: string;
  audio: string | null;
  mp4: string | null;
}

export interface PublicVenue {
  id: string;
  name: string;
}

/** The institution; an empty name is none. */
export interface Site {
  name: string;
  name_zh?: string;
  name_en?: string;
  /** Where confidential tips are taken; absent: nowhere. */
  tips?: string;
}

export interface PublicBroadcast {
  id: string;
  title: string;
  description: string;
  language: string;
  state: PublicState;
  starts_at: string | null;
  live_at: string | null;
  ended_at: string | null;
  poster: string | null;
  live: LiveUrls | null;
  replay: ReplayUrls | null;
  venues: PublicVenue[];
  site?: Site;
}

export interface BroadcastList {
  site?: Site;
  broadcasts: PublicBroadcast[];
}
