/**
 * The programs of one architecture on one engine, compiled when first needed.
 *
 * @module
 */

import type { Architecture, Shape } from "../../core/model/architecture.ts";
import type { Distiller } from "../../core/distiller.ts";
import { learningProgram, predictingProgram } from "../../core/model/objective.ts";
import type { Compiled, Engine, Layout, Program } from "../../core/model/program.ts";

/** What a program is for: a distiller stands for learning from its teacher. */
export type Purpose = Distiller | "learn" | "predict";

/** A program and what the engine made of it. */
export interface Ready {
  readonly program: Program;
  readonly compiled: Compiled;
}

/** The program for a purpose and a number of cells, compiled once. */
export type Programs = (purpose: Purpose, cells: number) => Promise<Ready>;

/** What programs are made for. */
export interface ProgramOptions {
  readonly engine: Engine;
  readonly architecture: Architecture;
  readonly layout: Layout;
  readonly shape: Shape;
}

/** Programs with nothing compiled yet. */
export function programsOf({ engine, architecture, layout, shape }: ProgramOptions): Programs {
  const made = new Map<Purpose, Map<number, Promise<Ready>>>();
  let count = 0;

  async function make(purpose: Purpose, cells: number): Promise<Ready> {
    const size = { cells, length: shape.length }, label = `${count++}`;
    const program = purpose === "predict" ? predictingProgram(architecture, size) : learningProgram(
      architecture,
      { ...size, label },
      purpose === "learn" ? undefined : purpose,
    );
    return { program, compiled: await engine.compile(program, layout) };
  }
  return (purpose, cells) => {
    const bySize = made.get(purpose) ?? new Map<number, Promise<Ready>>();
    made.set(purpose, bySize);
    const ready = bySize.get(cells) ?? make(purpose, cells);
    bySize.set(cells, ready);
    return ready;
  };
}
