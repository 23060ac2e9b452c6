import { createRequire } from "node:module";
import type protobuf from "protobufjs";
import type { FileDescriptor } from "./protobuf-descriptor.ts";

const require = createRequire(import.meta.url);

/** `protobufjs`, loaded with the first schema: most processes never see one. */
export function protobufLibrary(): typeof protobuf {
  return require("protobufjs") as typeof protobuf;
}

/** How compilers write files of Protobuf. */
export interface ProtobufDescriptors {
  /** Reads and writes one file. */
  readonly FileDescriptorProto: protobuf.Type;
  /**
   * The files of a root, one a package.
   *
   * @throws an error of `protobufjs` for a type that is named and not there.
   */
  readonly filesOf: (root: protobuf.Root, syntax: "proto2" | "proto3") => readonly FileDescriptor[];
}

/** The part of `protobufjs` for files as compilers write them, loaded with the first of them. */
export function protobufDescriptors(): ProtobufDescriptors {
  const { FileDescriptorProto } = require("protobufjs/ext/descriptor.js") as { FileDescriptorProto: protobuf.Type };
  // Only loading it gives roots the method.
  return { FileDescriptorProto, filesOf: (root, syntax) => (root as DescribedRoot).toDescriptor(syntax).file };
}

interface DescribedRoot extends protobuf.Root {
  readonly toDescriptor: (syntax: string) => { readonly file: readonly FileDescriptor[] };
}
