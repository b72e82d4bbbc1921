/**
 * The native memory of a run: what gil.h calls `Run` with all that it points to, and the ports.
 *
 * @module
 */

import type { Block } from "../../../streams/engine/off_thread/block.ts";
import { allocateBlock, type Library } from "./library.ts";
import { aligned } from "./plan/arena.ts";
import { bytesOf, FIRST_PORT, type Plan, type PlanPort } from "./plan/plan.ts";
import { isStaged, portBytes } from "./room.ts";

/** 64-bit words of the structures in gil.h. */
export const STRUCTURE = { run: 14, task: 4, space: 3, scatter: 5, sum: 3, draw: 2 } as const;

/** Place of the word in `Run` that ends it. */
const STOP = 13;

/** A port of rows, and the spaces of both it and the ids that say to which rows of a table they go. */
export interface Scattered {
  readonly port: PlanPort & { readonly role: { readonly is: "rows" } };
  readonly rows: number;
  readonly ids: number;
}

/** Memory that one run after the other uses. */
export interface RunMemory {
  readonly run: BigInt64Array;
  readonly tasks: BigInt64Array;
  readonly spaces: BigInt64Array;
  readonly scatters: BigInt64Array;
  readonly sums: BigInt64Array;
  /** Four words a noise site: its key, and the number of its first value. */
  readonly draws: Uint32Array;
  /** Elements of each port, those of all cells; none where only the cells of a round are in memory. */
  readonly ports: readonly (Float32Array | Int32Array)[];
  /** In the order of the ports. */
  readonly scattered: readonly Scattered[];
  /** Addresses of what is in it. */
  readonly at: Readonly<Record<Part, bigint>> & { readonly ports: readonly bigint[] };
  /** Space of the port of this number. */
  spaceOf(port: number): number;
  /** Ends the run that is under way soon. */
  stop(): void;
  readonly block: Block;
}

type Part = "run" | "tasks" | "spaces" | "scatters" | "sums" | "draws";

/** Allocates the memory that runs of `plan` on so many threads need. */
export function allocateRun(library: Library, plan: Plan, threads: number): RunMemory {
  const { ports, sites, summed, cells } = plan, scattered = scatteredIn(ports);
  const lengths: Readonly<Record<Part, number>> = {
    run: STRUCTURE.run,
    tasks: STRUCTURE.task * cells,
    spaces: STRUCTURE.space * (FIRST_PORT + ports.length),
    scatters: STRUCTURE.scatter * scattered.length,
    sums: STRUCTURE.sum * summed.length,
    draws: STRUCTURE.draw * (1 + Math.max(-1, ...sites.map(({ index }) => index))),
  };
  let size = 0;
  const take = (bytes: number) => {
    const place = size;
    size += aligned(bytes);
    return place;
  };
  const parts = Object.entries(lengths).map(([part, length]) => [part, take(8 * length)] as const);
  const places = Object.fromEntries(parts) as Record<Part, number>;
  const portPlaces = ports.map((port) => take(portBytes(port, plan, threads)));

  const block = allocateBlock(library, size), { buffer, address } = block;
  const words = (part: Part) => new BigInt64Array(buffer, places[part], lengths[part]);
  const addressOf = (place: number) => address + BigInt(place);
  const at = Object.fromEntries(parts.map(([part, place]) => [part, addressOf(place)]));
  const run = words("run");
  return {
    run,
    tasks: words("tasks"),
    spaces: words("spaces"),
    scatters: words("scatters"),
    sums: words("sums"),
    draws: new Uint32Array(buffer, places.draws, 2 * lengths.draws),
    ports: ports.map((port, i) => {
      if (isStaged(port)) return new Float32Array();
      const Elements = port.type === "float32" ? Float32Array : Int32Array;
      return new Elements(buffer, portPlaces[i], cells * bytesOf(port) / 4);
    }),
    scattered,
    at: { ...at as Record<Part, bigint>, ports: portPlaces.map(addressOf) },
    spaceOf: (port) => FIRST_PORT + port,
    stop: () => void (run[STOP] = 1n),
    block,
  };
}

/** Rows and their ids come in pairs, in the same order. */
function scatteredIn(ports: readonly PlanPort[]): Scattered[] {
  const ids = ports.flatMap(({ role }, i) => role.is === "ids" ? [FIRST_PORT + i] : []);
  const rows = ports.flatMap((port, i) => isRows(port) ? [{ port, rows: FIRST_PORT + i }] : []);
  return rows.map((each, pair) => ({ ...each, ids: ids[pair] }));
}

const isRows = (port: PlanPort): port is Scattered["port"] => port.role.is === "rows";
