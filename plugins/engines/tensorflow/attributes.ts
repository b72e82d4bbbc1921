/**
 * Attributes of operations, as the published kernels write them.
 *
 * @module
 */

import type { Pointer } from "../../../streams/platform.ts";
import type { Context } from "./context.ts";
import { check } from "./status.ts";
import { dimensions } from "./tensors.ts";
import { bytesOf, lastingName } from "./text.ts";

/** Kinds of attributes by the numbers of tf_attrtype.h. */
export const ATTRIBUTE = {
  string: 0,
  int: 1,
  float: 2,
  bool: 3,
  type: 4,
  shape: 5,
  resource: 8,
} as const;

/** One attribute: a list where `value` is one. */
export interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** Sets one attribute of an operation. */
export function setAttribute(context: Context, operation: Pointer, attribute: Attribute): void {
  const { api, status } = context, { type, value } = attribute;
  const name = lastingName(attribute.name);
  switch (type) {
    case ATTRIBUTE.string: {
      const text = bytesOf(value as string);
      return api.TFE_OpSetAttrString(operation, name, text, BigInt(text.length));
    }
    case ATTRIBUTE.type:
      return api.TFE_OpSetAttrType(operation, name, value as number);
    case ATTRIBUTE.shape: {
      const shape = dimensions(value as number[]);
      api.TFE_OpSetAttrShape(operation, name, shape, shape.length, status.pointer);
      return check(status, `set attribute "${attribute.name}"`, undefined);
    }
  }
  if (Array.isArray(value)) return setList(context, operation, { ...attribute, value });
  switch (type) {
    case ATTRIBUTE.int:
      return api.TFE_OpSetAttrInt(operation, name, BigInt(value as number));
    case ATTRIBUTE.float:
      return api.TFE_OpSetAttrFloat(operation, name, value as number);
    case ATTRIBUTE.bool:
      return api.TFE_OpSetAttrBool(operation, name, value ? 1 : 0);
  }
  throw unknown(attribute);
}

function setList(
  { api }: Context,
  operation: Pointer,
  attribute: Attribute & { readonly value: readonly number[] },
): void {
  const { type, value } = attribute, name = lastingName(attribute.name);
  switch (type) {
    case ATTRIBUTE.int:
      return api.TFE_OpSetAttrIntList(operation, name, dimensions(value), value.length);
    case ATTRIBUTE.float:
      return api.TFE_OpSetAttrFloatList(operation, name, Float32Array.from(value), value.length);
    case ATTRIBUTE.bool:
      return api.TFE_OpSetAttrBoolList(
        operation,
        name,
        Uint8Array.from(value, Number),
        value.length,
      );
  }
  throw unknown(attribute);
}

const unknown = ({ name, type }: Attribute) =>
  new RangeError(`Cannot set attribute "${name}": its kind ${type} is not known`);
