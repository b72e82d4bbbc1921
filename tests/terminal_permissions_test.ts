import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import config from "../deno.json" with { type: "json" };
import { withFolder } from "./atlas_folder.ts";
import { DENO_DIR } from "./deno_folder.ts";
import { declared } from "./permitted.ts";

/**
 * Runs a command as on a terminal, with an empty cache folder; util-linux has the program, and so has
 * every Debian.
 */
const onTerminal = (command: string, cwd: string) =>
  spawnSync("script", ["-qec", command, "/dev/null"], {
    cwd,
    env: { ...process.env, DENO_DIR, XDG_CACHE_HOME: join(cwd, "cache") },
    input: "",
    encoding: "utf8",
    timeout: 120_000,
  });

const here = onTerminal("tty", ".").stdout?.startsWith("/dev/") ?? false;

Deno.test("no task with the command line asks for leave: what it does not declare is denied", () => {
  for (const task of ["gil", "online", "native"] as const) {
    assert.match(config.tasks[task].command, /^deno run --no-prompt .* cli\.ts$/);
  }
});

const path = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));

Deno.test({
  name: here
    ? "the task gil asks nothing of whoever sits at the terminal"
    : "the task gil asks nothing: not tried, there is no program `script` here",
  ignore: !here,
  fn: () =>
    withFolder((folder) => {
      const check = [path("cli.ts"), "check", path("experiments/demo.jsonc")];
      const flags = ["run", "--quiet", "--no-check", ...declared];
      const { stdout } = onTerminal(quoted([process.execPath, ...flags, ...check]), folder);
      assert.doesNotMatch(stdout, /Allow\?|Deno requests/);
      assert.match(stdout, /^Run "demo": /);
      return Promise.resolve();
    }),
});

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
