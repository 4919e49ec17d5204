export interface Mock {
  url: string;
  close(): Promise<void>;
}
export function startMock(options?: { port?: number; mediaFolder?: string }): Promise<Mock>;
