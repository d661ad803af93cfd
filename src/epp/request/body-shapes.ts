import { Keywords } from './keywords.ts';

/** What a field of a body is to the picker. */
export const role = {
  none: 0,
  model: 1,
  streaming: 2,
  cacheSalt: 3,
  maxTokens: 4,
  /** Goes before `maxTokens`. */
  maxTokensPreferred: 5,
  choices: 6,
  /** Has fields of its own that matter. */
  nested: 7,
  /** With it a prompt is not missed. */
  insteadOfPrompt: 8,
  /** From here on: parts of the prompt, in the order in which the model gets to see them. */
  prompt: 16,
} as const;

/** Which fields of a body matter. Names are compared as they are; of fields that come twice the last one counts, as servers have it. */
export interface BodyShape {
  /** Of the object. */
  readonly fields: Keywords;
  /** Of the field whose role is `nested`. */
  readonly nested: Keywords;
  /** Names of the prompt's parts. */
  readonly parts: readonly string[];
  /** Parts of which one has to be there; empty: none has to. */
  readonly required: readonly string[];
  /** Role of the part whose strings are not part of the prompt if they begin with `droppedPrefix`; `none`: there is no such part. */
  readonly droppedRole: number;
  readonly droppedPrefix: Uint8Array;
}

interface ShapeOptions {
  readonly parts?: readonly string[];
  readonly required?: readonly string[];
  readonly fields?: Readonly<Record<string, number>>;
  readonly nested?: Readonly<Record<string, number>>;
  readonly dropped?: { readonly part: string; readonly prefix: string };
}

function shape({ parts = [], required = [], fields = {}, nested = {}, dropped }: ShapeOptions): BodyShape {
  const known: Record<string, number> = { model: role.model, stream: role.streaming, cache_salt: role.cacheSalt, n: role.choices, ...fields };
  parts.forEach((part, i) => (known[part] = role.prompt + i));
  return {
    fields: new Keywords(known),
    nested: new Keywords(nested),
    parts,
    required,
    droppedRole: known[dropped?.part ?? ''] ?? role.none,
    droppedPrefix: Buffer.from(dropped?.prefix ?? ''),
  };
}

const maxTokens = { max_tokens: role.maxTokens, max_completion_tokens: role.maxTokensPreferred };

const chat = shape({ parts: ['tools', 'functions', 'documents', 'messages'], required: ['messages'], fields: maxTokens });
const completion = shape({ parts: ['prompt'], required: ['prompt'], fields: { ...maxTokens, prompt_embeds: role.insteadOfPrompt } });

/** By the end of the path: OpenAI's API and what servers have added to it. */
export const openAiShapes: Readonly<Record<string, BodyShape>> = {
  '/chat/completions': chat,
  '/chat/completions/render': chat,
  '/completions': completion,
  '/completions/render': completion,
  // Servers take messages for chat models that embed.
  '/embeddings': shape({ parts: ['input', 'messages'], required: ['input', 'messages'] }),
  '/responses': shape({
    parts: ['instructions', 'tools', 'input'],
    required: ['input'],
    fields: { max_output_tokens: role.maxTokensPreferred, previous_response_id: role.insteadOfPrompt, prompt: role.insteadOfPrompt },
  }),
  '/conversations': shape({ parts: ['items'], required: ['items'] }),
  '/images/generations': shape({ parts: ['prompt'], required: ['prompt'] }),
};

/** Claude Code puts a line into its system prompt that differs from request to request, and that vLLM takes out again. */
const billing = { part: 'system', prefix: 'x-anthropic-billing-header' };

export const anthropicShapes: Readonly<Record<string, BodyShape>> = {
  '/v1/messages': shape({ parts: ['tools', 'system', 'messages'], required: ['messages'], fields: maxTokens, dropped: billing }),
  // Counting tokens puts nothing into a cache.
  '/v1/messages/count_tokens': shape({}),
};

export const vllmShapes: Readonly<Record<string, BodyShape>> = {
  '/inference/v1/generate': shape({
    parts: ['token_ids'],
    required: ['token_ids'],
    fields: { sampling_params: role.nested },
    nested: { max_tokens: role.maxTokens, n: role.choices },
  }),
};

export const sglangShapes: Readonly<Record<string, BodyShape>> = {
  '/generate': shape({
    parts: ['text', 'input_ids'],
    required: ['text', 'input_ids'],
    fields: { sampling_params: role.nested, extra_key: role.cacheSalt, input_embeds: role.insteadOfPrompt },
    nested: { max_new_tokens: role.maxTokens, n: role.choices },
  }),
};
