import fc from "fast-check";
import { nearest, suggest } from "../core/nearest.ts";
import { assertSame } from "./first_difference.ts";

const name = fc.string({ minLength: 1, maxLength: 8 });

Deno.test("nearest() names only known names, a known name itself first", () => {
  fc.assert(fc.property(fc.uniqueArray(name, { minLength: 1 }), fc.nat(), (known, i) => {
    const word = known[i % known.length], near = nearest(word, known);
    assertSame(near[0].toLowerCase(), word.toLowerCase());
    assertSame(near.filter((name) => !known.includes(name)), []);
  }));
});

Deno.test("nearest() finds a name after any single edit", () => {
  const word = fc.stringMatching(/^[a-z]{4,9}$/);
  fc.assert(fc.property(word, fc.nat(), fc.constantFrom("drop", "swap", "put"), (word, i, edit) => {
    const p = i % (word.length - 1),
      [head, a, b, tail] = [
        word.slice(0, p),
        word[p],
        word[p + 1],
        word.slice(p + 2),
      ];
    const typed = head + (edit === "drop" ? b : edit === "swap" ? b + a : a + "_" + b) + tail;
    assertSame(nearest(typed, ["XXXXXXXXXXXX", word.toUpperCase()]), [word.toUpperCase()]);
  }));
});

Deno.test("nearest() orders by edits and then as given, and stays silent about strangers", () => {
  assertSame(nearest("transfomer", ["mlp", "mamba", "transformer"]), ["transformer"]);
  assertSame(nearest("CD3", ["CD4", "CD3E", "CD3D", "CD3"]), ["CD3", "CD4", "CD3E"]);
  // One swap is nearer than two replacements.
  assertSame(nearest("fomr", ["foxx", "form"]), ["form", "foxx"]);
  assertSame(nearest("batch", ["donor", "sex"]), []);
  assertSame(nearest("ab", ["xy"]), []);
});

Deno.test("suggest() ends a sentence with what would work", () => {
  assertSame(suggest("celltype", ["batch", "cell_type"]), 'did you mean "cell_type"?');
  assertSame(suggest("label", ["batch", "donor"]), 'known are "batch", "donor"');
  assertSame(
    suggest("zzzz", ["aa", "bb", "cc", "dd", "ee", "ff", "gg"]),
    'known are "aa", "bb", "cc", "dd", "ee" and 2 more',
  );
  assertSame(suggest("x", []), "there is none");
});
