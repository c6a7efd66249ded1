/** What the store says of itself: Prometheus' status/tsdb and what pharos adds to it. */
import { type Answer, call } from "./http";

export interface Top {
  name: string;
  value: number;
}

export interface StoreStatus {
  headStats: { numSeries: number; numLabelPairs: number; chunkCount: number; minTime: number; maxTime: number };
  seriesCountByMetricName: Top[];
  labelValueCountByLabelName: Top[];
  memoryInBytesByLabelName: Top[];
  seriesCountByLabelValuePair: Top[];
  storage?: { diskBytes: number; walBytes: number; headBytes: number; samples: number; corruptRecords: number; replaySeconds: number; readOnly: boolean };
}

export function fetchStoreStatus(limit: number, signal?: AbortSignal): Promise<Answer<StoreStatus>> {
  return call(`status/tsdb?limit=${limit}`, undefined, signal);
}
