// Everything a program needs.

export { findBinary } from "./binary.js";
export { DEFAULT_POLICY, type RestartPolicy } from "./back_off.js";
export {
  CodexAccountManager,
  type ClientEvents,
  type ClientOptions,
  type Message,
  type Progress,
  type RequestOptions,
} from "./client.js";
export {
  BinaryNotFoundError,
  LoginError,
  RequestError,
  SidecarError,
  type JsonRpcErrorKind,
  type SidecarErrorReason,
} from "./errors.js";
export { Login } from "./login.js";
export * from "./protocol.js";
