import type { Resolve } from '../backends/resolve.ts';
import { at, joinFaults, type Fault } from '../conditions.ts';
import type { ResourceOf } from '../../api/kinds.ts';
import { requestProperties, type AttributeSource, type SpanAttribute, type Tracing } from '../../ir/tracing.ts';

type Spec = NonNullable<ResourceOf<'XTelemetryPolicy'>['object']['spec']['tracing']>;
type Attribute = NonNullable<Spec['attributes']>[number];

/** What becomes of the `tracing` of a policy. */
export interface TracingVerdict {
  /** undefined: nothing is reported. A service without a name is called after its Gateway. */
  readonly tracing: (Omit<Tracing, 'serviceName'> & { readonly serviceName: string | undefined }) | undefined;
  /** Accepted=False: nothing of it is in force. */
  readonly acceptedFault: Fault | undefined;
  /** ResolvedRefs=False. */
  readonly refsFault: Fault | undefined;
  /** Attributes that spans go without. */
  readonly omitted: string | undefined;
}

const nothing: TracingVerdict = { tracing: undefined, acceptedFault: undefined, refsFault: undefined, omitted: undefined };

/** A share of something, in millionths. */
const million = 1_000_000;

/** Of all collectors' ports this one alone is for OTLP over HTTP (IANA `otlp-http`); elsewhere gRPC is spoken. */
const httpPort = 4318;

/** Translates the `tracing` of a policy. By default requests are not reported. */
export function tracingOf(spec: Spec | undefined, resolve: Resolve): TracingVerdict {
  const { mode, provider, samplingRate, parentBasedSampling, serviceName, spanName, attributes = [] } = spec ?? {};
  if (mode !== 'Enabled' || provider === undefined) return nothing;
  if (parentBasedSampling?.samplingRate !== undefined && millionths(parentBasedSampling.samplingRate) !== million) {
    const message = 'a share of the requests whose traces are reported cannot be had, only all of them';
    return { ...nothing, acceptedFault: at('tracing.parentBasedSampling.samplingRate', { reason: 'Invalid', message }) };
  }
  const { backendRef, headers = [] } = provider;
  const protocol = backendRef.port === httpPort ? 'http' : 'grpc';
  const resolved = resolve(backendRef, { http2: protocol === 'grpc', aside: true });
  if ('fault' in resolved) return { ...nothing, refsFault: at('tracing.provider.backendRef', resolved.fault) };
  const translated = attributes.map(attribute);
  return {
    ...nothing,
    tracing: {
      backend: resolved.backend,
      protocol,
      headers,
      serviceName,
      spanName,
      sampling: samplingRate === undefined ? million : millionths(samplingRate),
      followsParent: parentBasedSampling?.mode !== 'Disabled',
      attributes: translated.flatMap((one) => ('source' in one ? [one] : [])),
    },
    omitted: joinFaults(translated.flatMap((one, i) => ('source' in one ? [] : [at(`tracing.attributes[${i}]`, one)])))?.message,
  };
}

function millionths({ numerator, denominator }: NonNullable<Spec['samplingRate']>): number {
  return Math.round((numerator / denominator) * million);
}

/** "If a user configuration requests an attribute that an implementation does not support", it is left out, and the status says so (GEP-5253). */
function attribute({ name, sourceType, attributeKey = '', headerName = '', literalValue = '' }: Attribute): SpanAttribute | Fault {
  switch (sourceType) {
    case 'Literal':
      return { name, source: { type: 'literal', value: literalValue } };
    case 'Header':
      return { name, source: { type: 'header', of: 'any', name: headerName } };
    case 'Attribute': {
      const source = sourceOf(attributeKey);
      return source === undefined ? { reason: 'UnsupportedValue', message: `attribute ${attributeKey} is not supported` } : { name, source };
    }
  }
}

function sourceOf(key: string): AttributeSource | undefined {
  const property = requestProperties.find((known) => known === key);
  if (property !== undefined) return { type: 'property', property };
  const [, of, name] = /^http\.(request|response)\.header\.(.+)$/.exec(key) ?? [];
  return (of === 'request' || of === 'response') && name !== undefined ? { type: 'header', of, name } : undefined;
}
