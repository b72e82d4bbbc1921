import assert from "node:assert/strict";
import { placesOf } from "./profile.ts";

Deno.test("placesOf() adds up the samples of each file that fall into the stretches", () => {
  const node = (id: number, functionName: string, url: string) => ({
    id,
    callFrame: { functionName, scriptId: "", url, lineNumber: 0, columnNumber: 0 },
  });
  const root = new URL("../../", import.meta.url).href;
  const profile = {
    nodes: [
      node(1, "(idle)", ""),
      node(2, "sample", `${root}streams/sample.ts`),
      node(3, "draw", `${root}streams/sample.ts`),
      node(4, "map", `${root}node_modules/.deno/rxjs@7.8.2/node_modules/rxjs/map.js`),
    ],
    startTime: 5_000_000,
    endTime: 5_010_000,
    samples: [1, 2, 3, 4, 2],
    timeDeltas: [1000, 1000, 2000, 1000, 3000],
  };
  // The samples end at 101, 102, 104, 105 and 108.
  const stretches = [{ from: 100.5, to: 101.5 }, { from: 103.5, to: 105.5 }];
  assert.deepEqual(placesOf(profile, 100, stretches), [
    { place: "streams/sample.ts", milliseconds: 2 },
    { place: "(idle)", milliseconds: 1 },
    { place: "rxjs@7.8.2", milliseconds: 1 },
  ]);
});
