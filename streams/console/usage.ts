/**
 * How a command line is answered that asks for help, or for what does not exist.
 *
 * @module
 */

import { Effect, type Layer } from "effect";
import { CliOutput, TerminalCapabilities } from "effect/cli";
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
    screen.print(formatter.formatHelpDoc(event.helpDoc) + "\n");
  }),
});

/** Makes what the library says a part of a sentence. */
function inOneLine(message: string): string {
  const line = message.replace(/\s+/g, " ").replace(/ in command [a-z ]+$/, "")
    .replace(/ Did you mean this\? (.*)$/, "; did you mean $1?").replace(". Expected", "; expected")
    .replace(/ in command [a-z ]+;/, ";");
  return line.slice(0, 1).toLowerCase() + line.slice(1);
}
