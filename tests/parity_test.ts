import { onnx } from "../plugins/mod.ts";
import { parityLaws } from "./laws/parity_laws.ts";
import { opened } from "./opened.ts";
import { smallArchitectures } from "./small_architectures.ts";

const options = { architectures: smallArchitectures };

parityLaws("onnx", () => opened(onnx({ threads: 2 })), options);
parityLaws("onnx of one thread", () => opened(onnx({ threads: 1 })), options);
