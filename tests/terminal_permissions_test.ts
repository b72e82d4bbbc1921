import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { withFolder } from "./atlas_folder.ts";
import { declared } from "./permitted.ts";

/** Runs a command as on a terminal; util-linux has it, and so has every Debian. */
const onTerminal = (command: string, cwd: string) =>
  spawnSync("script", ["-qec", command, "/dev/null"], {
    cwd,
    input: "",
    encoding: "utf8",
    timeout: 30_000,
  });

const here = onTerminal("tty", ".").stdout?.startsWith("/dev/") ?? false;

const of = (path: string) => JSON.stringify(new URL(`../streams/${path}`, import.meta.url).href);
const quoted = (words: readonly string[]) => words.map((word) => `'${word}'`).join(" ");

Deno.test({
  name: here
    ? "workers start without a question to whoever sits at the terminal"
    : "workers start without a question: not tried, there is no program `script` here",
  ignore: !here,
  fn: () =>
    withFolder((folder) => {
      const path = join(folder, "start.ts");
      writeFileSync(
        path,
        `import { startWorker } from ${of("reading/pool/worker_pool.ts")};
        import { supervised } from ${of("parquet/foreign/supervised_worker.ts")};
        const echo = new URL(${of("../tests/foreign_bad_worker.ts")});
        const answer = await supervised(echo).ask({
          question: "an answer",
          patience: 20_000,
          hear: (word) => Promise.resolve({ answer: word }),
        });
        const worker = startWorker(echo);
        // It keeps no process alive: who waits does.
        worker.ref();
        worker.on("message", async (word) => {
          console.log(answer, "and", word);
          await worker.terminate();
        });
        worker.postMessage("another");`,
      );
      // A terminal on which nobody answers: a question would be seen, and perhaps wait for ever.
      const flags = quoted([process.execPath, "run", "--quiet", "--no-check", ...declared, path]);
      const { stdout } = onTerminal(flags, folder);
      assert.equal(stdout.trim(), "an answer and another");
      return Promise.resolve();
    }),
});
