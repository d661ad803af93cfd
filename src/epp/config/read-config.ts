import { parseAnyYaml } from '../../source/files/parse.ts';
import { coreMetricsExtractorType, metricsDataSourceType } from '../scheduling/plugins/declared/data-layer.ts';
import { defaultParsers } from '../scheduling/plugins/declared/parsers.ts';
import { priorityThenTimeEvictionOrderPolicy } from '../scheduling/plugins/eviction/priority-then-time-eviction-order-policy.ts';
import { sheddableEvictionFilter } from '../scheduling/plugins/eviction/sheddable-eviction-filter.ts';
import { globalStrictFairnessPolicy } from '../scheduling/plugins/fairness/global-strict-fairness-policy.ts';
import { fcfsOrderingPolicy } from '../scheduling/plugins/ordering/fcfs-ordering-policy.ts';
import { staticUsageLimitPolicy } from '../scheduling/plugins/usage-limits/static-usage-limit-policy.ts';
import { ConfiguredPlugins } from './configured-plugins.ts';
import type { ConfiguredPlugin, ConfiguredProfile, DataLayerConfig, EndpointPickerConfig } from './endpoint-picker-config.ts';
import { readFeatureGates } from './feature-gates.ts';
import { readFields, type Values } from './fields.ts';
import { flowControlOf, saysSomething } from './flow-control-config.ts';
import { clipped, Place, type ConfigProblem } from './place.ts';
import { inOrderOfLines, resolve } from './references.ts';
import { configFields } from './schema.ts';

/** A problem with its line in the text, from 1; undefined when it has none. */
export interface LocatedProblem extends ConfigProblem {
  readonly line: number | undefined;
}

export interface ReadConfig {
  /** undefined when there are errors. */
  readonly config: EndpointPickerConfig | undefined;
  readonly errors: readonly LocatedProblem[];
  readonly warnings: readonly LocatedProblem[];
}

interface Options {
  /** `--allow-experimental-plugins`. */
  readonly allowExperimentalPlugins?: boolean;
}

/** Longer texts are not read. */
const maxTextBytes = 1024 * 1024;

const apiVersion = 'llm-d.ai/v1alpha1';
const formerApiVersion = 'inference.networking.x-k8s.io/v1alpha1';

/** Reads an `EndpointPickerConfig` from YAML or JSON. All errors are told, not only the first. */
export function readConfig(text: string, { allowExperimentalPlugins = false }: Options = {}): ReadConfig {
  const failed = (message: string, line?: number): ReadConfig => ({ config: undefined, errors: [{ path: '', message, line }], warnings: [] });
  if (text.length > maxTextBytes) return failed(`is longer than ${maxTextBytes} characters`);
  const parsed = parseAnyYaml(text);
  if (!parsed.ok) return failed(parsed.problems.map(({ message }) => message).join('; '), (parsed.problems[0]?.line ?? 0) + 1);
  const place = new Place();
  const written = readFields(configFields, parsed.value, place);
  const config = interpret(written, parsed.value, place, allowExperimentalPlugins);
  const { errors, warnings } = place.findings;
  const located = (problems: readonly ConfigProblem[]) => inOrderOfLines(problems, parsed.lineOf);
  return { config: errors.length > 0 ? undefined : config, errors: located(errors), warnings: located(warnings) };
}

/** `plugins[2].type: unknown plugin type … (line 7)` */
export function problemText({ path, message, line }: LocatedProblem): string {
  return `${path === '' ? '' : `${path}: `}${message}${line === undefined ? '' : ` (line ${line})`}`;
}

type Written = Values<typeof configFields>;

function interpret(written: Written, value: unknown, place: Place, allowExperimental: boolean): EndpointPickerConfig {
  checkKind(written, place);
  const featureGates = readFeatureGates(written.featureGates, place.at('featureGates'));
  const plugins = new ConfiguredPlugins(place);
  const ownReferences = new Map<string, string[]>();
  written.plugins.forEach((plugin, i) => {
    const before = place.findings.references.length;
    plugins.read(plugin, place.at('plugins').at(i), allowExperimental);
    ownReferences.set(plugin.name ?? plugin.type, place.findings.references.slice(before).map(({ name }) => name));
  });
  const parsers = parsersOf(written, plugins);
  const saturationDetector = detectorOf(written, plugins);
  const dataLayer = dataLayerOf(written.dataLayer, plugins);
  for (const { type } of [globalStrictFairnessPolicy, fcfsOrderingPolicy, staticUsageLimitPolicy]) plugins.add(type);
  const profiles = profilesOf(written, plugins, place.at('schedulingProfiles'));
  const profileHandler = profileHandlerOf(profiles, plugins, place);
  const flowControl = flowControlOf(written.flowControl, place.at('flowControl'));
  if (featureGates.flowControl && flowControl.enableEviction) {
    for (const [kind, { type }] of [['eviction-filter', sheddableEvictionFilter], ['eviction-order-policy', priorityThenTimeEvictionOrderPolicy]] as const) {
      if (plugins.of(kind).length === 0) plugins.add(type);
    }
  }
  if (!featureGates.flowControl && saysSomething((value as { flowControl?: unknown } | null)?.flowControl)) place.at('flowControl').warn('has no effect without the feature gate "flowControl", apart from saturationDetector');
  // What a reference adds may need producers, and a reference may be to a producer that is added.
  plugins.addProducers();
  resolve(place.findings.references, plugins);
  plugins.addProducers();
  const [, second] = plugins.of('in-flight-load-producer');
  if (second !== undefined) place.at('plugins').error(`there may be only one inflight-load-producer; "${clipped(second.name)}" is another one`);
  const ordered = plugins.inOrder(({ name }) => ownReferences.get(name) ?? []);
  return { featureGates, plugins: ordered, profiles, profileHandler, saturationDetector, parsers, dataLayer, flowControl };
}

function checkKind({ apiVersion: version, kind }: Written, place: Place): void {
  if (version === formerApiVersion) place.at('apiVersion').warn(`"${formerApiVersion}" is deprecated: use ${apiVersion}`);
  else if (version !== '' && version !== apiVersion) place.at('apiVersion').error(`must be "${apiVersion}", not "${clipped(version)}"`);
  if (kind !== '' && kind !== 'EndpointPickerConfig') place.at('kind').error(`must be "EndpointPickerConfig", not "${clipped(kind)}"`);
}

function parsersOf({ requestHandler, parser }: Written, plugins: ConfiguredPlugins): readonly string[] {
  const named = requestHandler.parsers.length > 0 ? requestHandler.parsers.map(({ pluginRef }) => pluginRef) : parser === undefined ? [] : [parser.pluginRef];
  return named.length > 0 ? named : defaultParsers.map((type) => plugins.add(type));
}

function detectorOf({ flowControl, saturationDetector: former }: Written, plugins: ConfiguredPlugins): string {
  const name = flowControl.saturationDetector?.pluginRef ?? former?.pluginRef ?? 'utilization-detector';
  if (name !== 'utilization-detector') return name;
  const { queueDepthThreshold, kvCacheUtilThreshold, metricsStalenessThreshold } = former ?? {};
  return plugins.add(name, { queueDepthThreshold, kvCacheUtilThreshold, metricsStalenessThreshold: metricsStalenessThreshold === undefined ? undefined : `${metricsStalenessThreshold}ms` });
}

function dataLayerOf(written: Written['dataLayer'], plugins: ConfiguredPlugins): DataLayerConfig {
  const sources = written.sources.map(({ pluginRef, extractors }) => ({ plugin: pluginRef, extractors: extractors.map((extractor) => extractor.pluginRef) }));
  const asksForMetrics = sources.some(({ plugin }) => (plugins.get(plugin)?.type.type ?? plugin) === metricsDataSourceType);
  if (written.injectDefaults && !asksForMetrics) sources.push({ plugin: plugins.add(metricsDataSourceType), extractors: [plugins.add(coreMetricsExtractorType)] });
  return {
    sources,
    discovery: written.discovery?.pluginRef,
    peerDiscovery: written.peerDiscovery?.pluginRef,
    crossReplicaSyncer: written.crossReplicaSyncerPluginRef,
    crossReplicaSyncIntervalMs: written.crossReplicaSyncInterval,
  };
}

function profilesOf({ schedulingProfiles }: Written, plugins: ConfiguredPlugins, place: Place): readonly ConfiguredProfile[] {
  const is = (plugin: ConfiguredPlugin | undefined, kind: 'scorer' | 'picker') => plugin?.type.kinds.includes(kind) === true;
  // Without profiles there is one of all plugins that fit in.
  const all = plugins.all.filter(({ automatic, type }) => !automatic && type.kinds.some((kind) => kind === 'filter' || kind === 'scorer' || kind === 'picker'));
  const written = schedulingProfiles.length > 0 ? schedulingProfiles : [{ name: 'default', plugins: all.map(({ name }) => ({ pluginRef: name, weight: undefined })) }];
  const names = new Set<string>();
  return written.map((profile, i) => {
    if (profile.name !== '' && names.has(profile.name)) place.at(i).at('name').error(`a profile named "${clipped(profile.name)}" is there already`);
    names.add(profile.name);
    const pickers = profile.plugins.filter(({ pluginRef }) => is(plugins.get(pluginRef), 'picker'));
    if (pickers.length > 1) place.at(i).at('plugins').error(`has ${pickers.length} pickers, and may have one: ${pickers.map(({ pluginRef }) => clipped(pluginRef)).join(', ')}`);
    profile.plugins.forEach(({ pluginRef, weight }, j) => {
      const plugin = plugins.get(pluginRef);
      if (weight !== undefined && plugin !== undefined && !is(plugin, 'scorer')) place.at(i).at('plugins').at(j).at('weight').warn(`has no effect: "${clipped(pluginRef)}" is not a scorer`);
    });
    const own = profile.plugins.map(({ pluginRef, weight }) => ({ name: pluginRef, weight: weight ?? 1 }));
    if (pickers.length > 0) return { name: profile.name, plugins: own };
    const picker = plugins.of('picker')[0]?.name ?? plugins.add('max-score-picker');
    return { name: profile.name, plugins: [...own, { name: picker, weight: 1 }] };
  });
}

function profileHandlerOf(profiles: readonly ConfiguredProfile[], plugins: ConfiguredPlugins, place: Place): string {
  const names = new Set(profiles.map(({ name }) => name));
  const found = plugins.of('profile-handler');
  if (found.length === 0 && profiles.length === 1) return plugins.add('single-profile-handler');
  if (found.length === 0) place.at('plugins').error(`must have a profile handler, as there are ${profiles.length} scheduling profiles`);
  if (found.length > 1) place.at('plugins').error(`may have one profile handler, not ${found.length}: ${found.map(({ name }) => clipped(name)).join(', ')}`);
  const [handler] = found;
  const wrong = found.length === 1 && handler !== undefined ? handler.type.checkProfiles(handler.values, names) : undefined;
  if (wrong !== undefined) place.at('schedulingProfiles').error(`profile handler "${clipped(handler?.name ?? '')}" ${wrong}`);
  return handler?.name ?? '';
}
