import { createRequire } from "node:module";
import type protobuf from "protobufjs";

const require = createRequire(import.meta.url);

/** `protobufjs`, loaded with the first schema: most processes never see one. */
export function protobufLibrary(): typeof protobuf {
  return require("protobufjs") as typeof protobuf;
}

/** How compilers write a file of Protobuf. */
export function fileDescriptorProto(): protobuf.Type {
  const { FileDescriptorProto } = require("protobufjs/ext/descriptor.js") as { FileDescriptorProto: protobuf.Type };
  return FileDescriptorProto;
}
