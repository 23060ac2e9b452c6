import type { OperationRef } from "./api.ts";
import type { Operation } from "./operation.ts";
import type { AnySchema, SchemaInput } from "./schema.ts";

/** A saga, as whoever starts it sees it. */
export interface SagaRef<
  DomainName extends string = string,
  Name extends string = string,
  Input extends AnySchema = AnySchema,
  Answers extends Operation | undefined = Operation | undefined,
> {
  readonly kind: "saga";
  readonly domain: DomainName;
  readonly name: Name;
  /** What it is started with. */
  readonly input: Input;
  /** The operation whose callers it answers, if there is one. */
  readonly answers: Answers extends Operation ? OperationRef<string, string, Answers> : undefined;
}

/** What a saga is started with. */
export type SagaInput<S> = S extends SagaRef<string, string, infer Input, infer _Answers> ? SchemaInput<Input> : never;

/** The operation whose callers a saga answers. */
export type SagaAnswers<S> = S extends SagaRef<string, string, infer _Input, infer Answers> ? Answers : never;

/** Says that a saga has been started. The handler of the operation that it answers gives this as its own answer. */
export interface Started<Answers = unknown> {
  readonly kind: "started";
  readonly saga: string;
  readonly key: string;
  /** Never there: it ties the operation to the type. */
  readonly answers?: Answers;
}
