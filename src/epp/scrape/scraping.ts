import type { EndpointPickerConfig } from '../config/endpoint-picker-config.ts';
import { coreMetricsExtractorType, metricsDataSourceType } from '../scheduling/plugins/declared/data-layer.ts';
import { decodeExtraction, type Extraction } from './extraction.ts';
import { decodeMetricsSource, type MetricsSource } from './metrics-source.ts';

/** How servers are asked for their metrics, and what is made of them. */
export interface Scraping {
  readonly source: MetricsSource;
  readonly extraction: Extraction;
}

/** What a configuration says of it. Throws a sentence when a file that it names cannot be used. */
export function scrapingOf({ plugins }: Pick<EndpointPickerConfig, 'plugins'>): Scraping {
  const valuesOf = (type: string) => plugins.find((plugin) => plugin.type.type === type)?.values;
  const source = valuesOf(metricsDataSourceType);
  const interval = source?.['interval'];
  return {
    source: decodeMetricsSource({ ...source, ...(typeof interval === 'number' && { interval: `${interval}ms` }) }),
    extraction: decodeExtraction(valuesOf(coreMetricsExtractorType)),
  };
}
