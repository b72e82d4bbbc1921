/**
 * How a command line is answered that asks for help, or for what does not exist.
 *
 * @module
 */

import { Effect, type Layer } from "effect";
import { CliOutput, TerminalCapabilities } from "effect/cli";
import { stripVTControlCharacters } from "node:util";
import { wrap } from "../../core/report/wrap.ts";
import { Screen } from "./screen.ts";

/** Help goes to standard output; a mistake gets a sentence on standard error, and no page of help. */
export const usage: Layer.Layer<never> = CliOutput.layerPresenter({
  present: Effect.fnUntraced(function* (event) {
    const screen = yield* Screen;
    if (event._tag === "Version") return screen.print(`${event.name} ${event.version}\n`);
    if (event._tag === "InvalidInvocation") {
      const command = event.commandPath.join(" ");
      const why = event.errors.map(({ message }) => inOneLine(message)).join("; ");
      return screen.tell(`Cannot run ${command}: ${why} (${command} --help says more)\n`);
    }
    const { canColor } = yield* TerminalCapabilities.TerminalCapabilities;
    const formatter = CliOutput.defaultFormatter({ colors: canColor });
    const { columns } = screen.output(), lines = formatter.formatHelpDoc(event.helpDoc).split("\n");
    screen.print(lines.flatMap((line) => wrapHelp(line, columns)).join("\n") + "\n");
  }),
});

/** Characters that a description has room for at least; with fewer it gets lines of its own. */
const ROOM = 24;
/** How far such lines are indented. */
const INDENT = 6;

/** A line of help in lines of at most `columns` characters where words allow it. */
export function wrapHelp(line: string, columns: number): string[] {
  if (stripVTControlCharacters(line).length <= columns) return [line];
  // A name and two spaces or more, behind which descriptions stand below each other.
  const [name] = /^( *\S.*? {2,}(?=\S)| *)/.exec(line)!, text = line.slice(name.length);
  const at = stripVTControlCharacters(name).length;
  if (columns - at < ROOM && name.trim() !== "") {
    return [name.trimEnd(), ...wrap(" ".repeat(INDENT) + text, INDENT, columns)];
  }
  const [first, ...others] = wrap(text, 0, columns - at);
  return [name + first, ...others.map((words) => " ".repeat(at) + words)];
}

/** Makes what the library says a part of a sentence. */
function inOneLine(message: string): string {
  const line = message.replace(/\s+/g, " ").replace(/ in command [a-z ]+$/, "")
    .replace(/ Did you mean this\? (.*)$/, "; did you mean $1?").replace(". Expected", "; expected")
    .replace(/ in command [a-z ]+;/, ";");
  return line.slice(0, 1).toLowerCase() + line.slice(1);
}
