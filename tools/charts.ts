// Completes the charts in charts/ by the CustomResourceDefinitions, which are made from definitions/ and not kept twice:
//   node tools/charts.ts
import { writeChartCrds } from './charts/chart-crds.ts';

const start = performance.now();
const files = writeChartCrds();
console.log(`charts: ${files} files with CustomResourceDefinitions are there (${((performance.now() - start) / 1000).toFixed(1)} s)`);
