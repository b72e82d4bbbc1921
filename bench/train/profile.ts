/**
 * What the main thread does, file by file, as V8's sampling profiler sees it.
 *
 * @module
 */

import { type Profiler, Session } from "node:inspector/promises";

/** Self time of the functions of one file. */
export interface Place {
  /** Path within the project, a package, or what V8 says in brackets. */
  readonly place: string;
  readonly milliseconds: number;
}

/** Some time, in milliseconds of `performance.now()`. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/**
 * Begins to watch the main thread. The function that comes back says where its time went during
 * some stretches, in order, most first.
 */
export async function watchThread(): Promise<(stretches: readonly Stretch[]) => Promise<Place[]>> {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.start");
  const begun = performance.now();
  return async (stretches) => {
    const { profile } = await session.post("Profiler.stop");
    session.disconnect();
    return placesOf(profile, begun, stretches);
  };
}

/** Samples by file; the profile's clock is another one, which stood at its start time at `begun`. */
export function placesOf(
  { nodes, samples = [], timeDeltas = [] }: Profiler.Profile,
  begun: number,
  stretches: readonly Stretch[],
): Place[] {
  const placeOf = new Map(nodes.map(({ id, callFrame }) => [id, placeIn(callFrame)]));
  const times = new Map<string, number>();
  let now = begun, next = 0;
  samples.forEach((sample, i) => {
    const milliseconds = timeDeltas[i] / 1000, place = placeOf.get(sample) ?? "";
    now += milliseconds;
    while (next < stretches.length && now > stretches[next].to) next++;
    if (next === stretches.length || now < stretches[next].from) return;
    times.set(place, (times.get(place) ?? 0) + milliseconds);
  });
  return [...times].map(([place, milliseconds]) => ({ place, milliseconds }))
    .sort((a, b) => b.milliseconds - a.milliseconds);
}

const ROOT = new URL("../../", import.meta.url).href;

function placeIn({ url, functionName }: Profiler.ProfileNode["callFrame"]): string {
  if (url === "") return functionName.startsWith("(") ? functionName : `V8: ${functionName}`;
  if (url.startsWith(ROOT) && !url.includes("node_modules")) return url.slice(ROOT.length);
  const named = /node_modules\/(?:\.deno\/)?((?:@[^/]+\/)?[^/]+)/.exec(url);
  return named ? named[1] : url;
}
