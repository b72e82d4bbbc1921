import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";

/** Which folders, and which packages, each ring may load at run time. */
const may: Record<string, RegExp> = {
  core: /^\.{1,2}\/(?!.*\/(streams|plugins)\/)|^(effect|effect\/Data|rxjs|jstat)$/,
  streams:
    /^\.|^(effect|effect\/cli|rxjs|node:.*|hyparquet.*|parquet-wasm\/esm|h5wasm.*|jsonc-parser|cli-progress)$/,
  plugins: /^\.|^(effect|rxjs|node:.*|@tensorflow\/tfjs-(backend-webgpu|node-gpu)\b.*)$/,
};
/** Where TensorFlow.js, the modelling language, may be loaded: where models are written and run. */
const tensors =
  /^(core\/model\/(composites\/|objective|shell)|streams\/(engine|trace)\/|plugins\/(architectures|distillers|engines)\/)/;
/** Files that may be longer, by name: tables of kernels. */
const mayBeLong = new Set<string>();

const root = new URL("..", import.meta.url);

function modules(folder: string): string[] {
  return readdirSync(new URL(folder, root), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? modules(path) : path.endsWith(".ts") ? [path] : [];
  });
}
const read = (path: string) => readFileSync(new URL(path, root), "utf8");
/** What a module loads at run time: imports of types alone vanish. */
const loaded = (code: string) =>
  [...code.matchAll(/^(?:import|export)\s+(?!type\b)(?:([^;]*?)\s+from\s+)?"([^"]+)"/gm)]
    .map((match) => match[2]);
const target = (path: string, name: string) => new URL(name, `file:///${path}`).pathname.slice(1);

const rings = Object.keys(may);
const all = rings.flatMap(modules);

for (const ring of rings) {
  Deno.test(`${ring}/ loads only what it may`, () => {
    for (const path of modules(ring)) {
      for (const name of loaded(read(path))) {
        const allowed = may[ring].test(name) ||
          (name === "@tensorflow/tfjs" && tensors.test(path));
        assert.ok(allowed, `${path} may not load "${name}"`);
      }
    }
  });
}

Deno.test("dependencies point one way: plugins → streams → core", () => {
  for (const path of all) {
    const own = rings.indexOf(path.split("/")[0]);
    for (const name of loaded(read(path)).filter((name) => name.startsWith("."))) {
      const other = rings.indexOf(target(path, name).split("/")[0]);
      assert.ok(other !== -1 && other <= own, `${path} may not load "${name}"`);
    }
  }
});

Deno.test("no plugin loads a sibling", () => {
  const ownFolder = (path: string) => path.split("/").slice(0, 2).join("/");
  for (const path of modules("plugins").filter((path) => path !== "plugins/mod.ts")) {
    for (const name of loaded(read(path)).filter((name) => name.startsWith("."))) {
      const other = target(path, name);
      if (!other.startsWith("plugins/")) continue;
      // A plugin's own parts lie in a folder of its name: plugins/engines/onnx/ for onnx.ts.
      const parts = path.replace(/\.ts$/, "/");
      const within = other.startsWith(parts) || path.split("/").length > 3;
      assert.ok(within && ownFolder(other) === ownFolder(path), `${path} may not load "${name}"`);
    }
  }
});

Deno.test("no module imports itself through others", () => {
  const graph = new Map(all.map((path) => [
    path,
    loaded(read(path)).filter((name) => name.startsWith(".")).map((name) => target(path, name)),
  ]));
  const done = new Set<string>();
  function visit(path: string, trail: readonly string[]) {
    assert.ok(!trail.includes(path), `a cycle: ${[...trail, path].join(" → ")}`);
    if (done.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  }
  for (const path of all) visit(path, []);
});

Deno.test("no module is longer than 250 lines", () => {
  for (const path of [...all, "mod.ts", "cli.ts"].filter((path) => !mayBeLong.has(path))) {
    const lines = read(path).split("\n").length;
    assert.ok(lines <= 250, `${path} has ${lines} lines`);
  }
});

Deno.test("the runtime is named in one file", () => {
  for (const path of all.filter((path) => path !== "streams/platform.ts")) {
    assert.ok(!/\bDeno\./.test(read(path)), `${path} names Deno: use streams/platform.ts`);
  }
});

Deno.test("nothing draws from a global generator or a clock", () => {
  for (const path of all.filter((path) => path !== "streams/platform.ts")) {
    assert.ok(!/Math\.random|Date\.now|new Date\(\)/.test(read(path)), path);
  }
});

Deno.test("no test changes what the test files that run at once have in common", () => {
  const changes =
    /process\.env(\.\w+|\[[^\]]*\]) (\?\?)?= |delete process\.env|Deno\.(env\.(set|delete)|chdir)\(|process\.chdir/;
  for (const path of modules("tests")) {
    assert.ok(!changes.test(read(path)), `${path} changes the environment, or where it works`);
  }
});

Deno.test("mod.ts files only re-export", () => {
  for (const path of ["mod.ts", "plugins/mod.ts", "tests/laws/mod.ts"]) {
    const code = read(path).replace(/\/\*\*[\s\S]*?\*\//g, "");
    assert.match(code, /^\s*(export (\*|\{[^}]*\}) from "[^"]+";\s*)+$/, path);
  }
});

Deno.test("the README's tree is the tree on the disk", () => {
  const tree = read("README.md").match(/```tree\n([\s\S]*?)```/)?.[1] ?? "";
  const told = [...tree.matchAll(/^(\S+)/gm)].map((match) => match[1]);
  const exists = (name: string) => {
    const [folder, last] = [name.replace(/[^/]+\/?$/, ""), name.match(/([^/]+)\/?$/)?.[1]];
    return readdirSync(new URL(`./${folder}`, root)).includes(last ?? "");
  };
  assert.ok(told.length > 20, "the README holds no tree");
  for (const name of told) assert.ok(exists(name), `${name} is told of but not there`);
  const top = (path: string) => path.split("/").slice(0, 2).join("/");
  for (const path of all) {
    const known = told.some((name) => name === path || name === `${top(path)}/`);
    assert.ok(known, `${path} is there but not told of`);
  }
});
