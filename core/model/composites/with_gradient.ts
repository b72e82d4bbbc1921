/**
 * How a composite carries its own gradient, and how a backend takes it over.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";

/** A forward pass that knows its way back. */
export interface Pass<T extends tf.Tensor> {
  readonly value: T;
  /** What the gradient reads of the forward pass; anything else is gone by then. */
  readonly keep: readonly tf.Tensor[];
  /** The gradient by each input, in order, from the gradient by the value and what was kept. */
  readonly gradients: (dy: tf.Tensor, kept: readonly tf.Tensor[]) => readonly tf.Tensor[];
}

/** What a composite is given. */
export interface Given {
  /** Tensors that get a gradient. */
  readonly inputs: Readonly<Record<string, tf.Tensor>>;
  /** Tensors that get none. */
  readonly constants?: Readonly<Record<string, tf.Tensor>>;
  readonly attributes?: Readonly<Record<string, number | string>>;
}

/** Scopes of composites begin so; what they are called follows. */
export const COMPOSITE = "composite:";

/** Name of the kernel that a backend registers for the gradient of a composite it takes over. */
export const gradientOf = (name: string): string => `${name}Gradient`;

/** Called with the name, inputs and value of every composite that runs, while it is set. */
export type Watch = (name: string, given: Given, value: tf.Tensor) => void;

let watch: Watch | undefined;

/** Runs `f` and shows `witness` every composite that `f` runs forward. */
export function watching<A>(witness: Watch, f: () => A): A {
  const before = watch;
  watch = witness;
  try {
    return f();
  } finally {
    watch = before;
  }
}

/**
 * Runs `forward` and differentiates it by `given.inputs` as it says; other tensors that it reads
 * count as constants.
 *
 * A backend takes the composite over by registering two tfjs kernels. The one of its name gets
 * inputs, constants and attributes, and returns the value, followed by tensors to keep for the way
 * back. `<name>Gradient` gets the same and, as inputs, `dy`, `value` and `kept0`, `kept1`, …; it
 * returns a gradient for each of `given.inputs`, in their order.
 */
export function withGradient<T extends tf.Tensor>(
  name: string,
  given: Given,
  forward: () => Pass<T>,
): T {
  const taken = tf.getKernel(name, tf.getBackend()) !== undefined;
  const composite = tf.customGrad<T>((...all) => {
    // Typed as one more tensor.
    const save = all.at(-1) as unknown as (tensors: tf.Tensor[]) => void;
    let way: Pass<T>["gradients"];
    const value = tf.tidy(COMPOSITE + name, () => {
      const { value, keep, gradients } = taken ? takenOver<T>(name, given) : forward();
      save([...keep]);
      way = gradients;
      return value;
    });
    return {
      value,
      gradFunc: (dy, kept) =>
        tf.tidy(
          COMPOSITE + gradientOf(name),
          // Clones: where gradients are summed, tfjs disposes each one that came in.
          () => way(dy, kept).map((gradient) => tf.clone(gradient)),
        ),
    };
  });
  const value = composite(...Object.values(given.inputs));
  watch?.(name, given, value);
  return value;
}

/** The composite as the backend's own kernels. */
function takenOver<T extends tf.Tensor>(name: string, given: Given): Pass<T> {
  const { inputs, constants = {}, attributes = {} } = given;
  const named = { ...inputs, ...constants }, names = Object.keys(named);
  const run = (kernel: string, tensors: tf.NamedTensorMap) => {
    const results = tf.engine().runKernel(kernel, tensors, { ...attributes });
    return Array.isArray(results) ? results as tf.Tensor[] : [results as tf.Tensor];
  };
  const [value, ...extra] = run(name, named);
  return {
    value: value as T,
    keep: [value, ...Object.values(named), ...extra],
    gradients(dy, [value, ...kept]) {
      const again = names.map((name, i) => [name, kept[i]] as const);
      const rest = kept.slice(names.length).map((tensor, i) => [`kept${i}`, tensor] as const);
      return run(gradientOf(name), { dy, value, ...Object.fromEntries([...again, ...rest]) });
    },
  };
}
