// The part of OpenCode's plugin interface that is used here, as `@opencode-ai/plugin` declares it.

export interface PluginInput {
  client: OpenCodeClient;
}

export interface OpenCodeClient {
  tui: { showToast(options: { body: Toast }): Promise<unknown> };
  app: { log(options: { body: LogEntry }): Promise<unknown> };
}

export interface Toast {
  title?: string;
  message: string;
  variant: "info" | "success" | "warning" | "error";
  duration?: number;
}

export interface LogEntry {
  service: string;
  level: "debug" | "info" | "warn" | "error";
  message: string;
}

export interface Hooks {
  event?(input: { event: { type: string } }): Promise<void>;
  config?(config: Config): Promise<void>;
  tool?: Record<string, Tool>;
  auth?: AuthHook;
  dispose?(): Promise<void>;
}

export interface Config {
  provider?: Record<string, { options?: Record<string, unknown> }>;
}

export interface Tool {
  description: string;
  /** JSON Schema of each argument. */
  args: Record<string, unknown>;
  execute(args: Record<string, unknown>, context: { abort?: AbortSignal }): Promise<string>;
}

export interface AuthHook {
  provider: string;
  readonly methods: AuthMethod[];
}

export interface AuthMethod {
  type: "oauth";
  label: string;
  readonly prompts: Prompt[];
  authorize(inputs?: Record<string, string>): Promise<Authorization>;
}

export type Prompt =
  | { type: "select"; key: string; message: string; options: { label: string; value: string; hint?: string }[] }
  | {
      type: "text";
      key: string;
      message: string;
      placeholder?: string;
      validate?: (value: string) => string | undefined;
    };

export interface Authorization {
  url: string;
  instructions: string;
  method: "auto";
  callback(): Promise<{ type: "success" }>;
}
