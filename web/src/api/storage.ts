/** What the store says of itself: Prometheus' status/tsdb and what pharos adds to it. */
import { type Answer, call } from "./http";

export interface Top {
  name: string;
  value: number;
}

/** What is kept for how long: samples, those that a rule names, roll-ups. Times are milliseconds. */
export interface Tier {
  kind: "samples" | "rule" | "rollup";
  selector?: string;
  resolutionSeconds?: number;
  retentionSeconds: number;
  bytes?: number;
  files?: number;
  minTime?: number;
  maxTime?: number;
  nextCleanup?: number;
}

export interface StorageFacts {
  diskBytes: number;
  walBytes: number;
  headBytes: number;
  partBytes: number;
  indexBytes: number;
  idleSeries: number;
  samples: number;
  corruptRecords: number;
  replaySeconds: number;
  readOnly: boolean;
  /** 0: no limit. */
  retentionBytes: number;
  tiers: Tier[];
}

export interface StoreStatus {
  headStats: { numSeries: number; numLabelPairs: number; chunkCount: number; minTime: number; maxTime: number };
  seriesCountByMetricName: Top[];
  labelValueCountByLabelName: Top[];
  memoryInBytesByLabelName: Top[];
  seriesCountByLabelValuePair: Top[];
  storage?: StorageFacts;
}

export function fetchStoreStatus(limit: number, signal?: AbortSignal): Promise<Answer<StoreStatus>> {
  return call(`api/v1/status/tsdb?limit=${limit}`, undefined, signal);
}
