export type {
  Answered,
  CallAnswer,
  CallBounds,
  CallRequest,
  CallTransport,
  DeprecationNews,
  Failed,
  OutgoingCall,
  RefusedAnswer,
  TransportOptions,
} from "./call.ts";
export { type CalleeFailure, calleeFailure } from "./callee-failure.ts";
export { type ClientOptions, createClient } from "./client.ts";
export { type Deadline, type DeadlineOptions, startDeadline } from "./deadline.ts";
export {
  createDispatcher,
  type Dispatcher,
  type DispatcherLimits,
  type DispatcherOptions,
  dispatcherLimits,
  type ServedCall,
  type UnreadCall,
} from "./dispatcher.ts";
export {
  type ContractDocumentFile,
  type ContractDocumentsOptions,
  contractDocuments,
  documentsIndex,
} from "./documents/contract-documents.ts";
export { type OpenApiDocument, type OpenApiOptions, openApiOf, operationsFor } from "./documents/open-api.ts";
export { type Audience, possibleProblems } from "./documents/possible-problems.ts";
export { type HttpErrors, httpErrors, type OperationDetails } from "./errors.ts";
export type { AdmittedCall, Execute, Executed, FindAnswered, ServedDomain } from "./execute.ts";
export { requireAccess, type WantedOperation } from "./gateway/authenticate-users.ts";
export { DEV_TOKEN_PATH } from "./gateway/dev-issuer.ts";
export type { GatewayMount } from "./gateway/mount-behind-access.ts";
export type { ServedDocuments } from "./gateway/mount-documents.ts";
export type { RateLimit } from "./gateway/rate-limiter.ts";
export {
  type Gateway,
  type GatewayOptions,
  type GatewaySettings,
  openOperations,
  startGateway,
} from "./gateway/start-gateway.ts";
export type { IssuerOptions, ProvenUser } from "./gateway/user-tokens.ts";
export { type HttpTransportOptions, httpTransport } from "./http-transport.ts";
export { type AdmitCaller, admitDeclared } from "./identity/admit-callers.ts";
export { type AgreedKey, agreedKid, agreeOnKey, type KeyPair } from "./identity/agreed-key.ts";
export type {
  Authenticate,
  Authenticated,
  Authorize,
  OutgoingRequest,
  RequestHead,
  SentRequest,
} from "./identity/authenticate.ts";
export { CLOCK_TOLERANCE_SECONDS } from "./identity/caller-token.ts";
export { createKeySet, type KeySet, type KeySetOptions } from "./identity/key-set.ts";
export { fetchJson, keySetOf, keysUnavailable } from "./identity/load-keys.ts";
export { type SigningKey, type SignOptions, signCalls } from "./identity/sign-calls.ts";
export { type VerifyOptions, verifyCallers } from "./identity/verify-callers.ts";
export { localTransport } from "./local-transport.ts";
export { positionInvalid } from "./not-before.ts";
export type { Route } from "./operation-table.ts";
export { type Behind, type Dependency, type ProblemDocument, problemOf, refusalProblem } from "./problem.ts";
export { type BulkheadTransportOptions, bulkheadTransport } from "./resilience/bulkhead-transport.ts";
export { type CallRules, callRules, callRulesProblems } from "./resilience/call-rules.ts";
export type { Clock } from "./resilience/clock.ts";
export { type HedgedTransportOptions, hedgedTransport } from "./resilience/hedged-transport.ts";
export { type Outlook, outlookOf } from "./resilience/outlook.ts";
export type { CircuitState, ResilienceObserver } from "./resilience/resilience-observer.ts";
export { type ResilientTransportOptions, resilientTransport } from "./resilience/resilient-transport.ts";
export { type RotatingOptions, rotatingTransport } from "./rotating-transport.ts";
export {
  type HttpApp,
  type HttpLimits,
  type HttpServer,
  type HttpServerOptions,
  httpLimits,
  serveHttp,
} from "./server.ts";
export { statusOfCode } from "./status-of-code.ts";
export { valuesThatFit } from "./url-fields.ts";
