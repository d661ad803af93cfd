/**
 * What others have published of their products, on machines of their own: for the order of magnitude. https://github.com/howardjohn/gateway-api-bench
 * (v1 and v2, 16 cores), by column of the tables.
 */
export const published: Readonly<Record<string, readonly (readonly [product: string, figure: string])[]>> = {
  attach: [
    ['Istio', '1–2 s, 73–311 writes'],
    ['kgateway', '12–17 s, 15–323 writes'],
    ['Envoy Gateway', '10–23 s, 1,383–1,484 writes'],
  ],
  scale: [
    ['kgateway with agentgateway', '513 MiB at most, 0.007 cores idle'],
    ['Istio', '726 MiB'],
    ['Envoy Gateway', '3.4 GiB, 3.7 cores'],
  ],
  propagation: [
    ['agentgateway', '10–30 ms at 3,000 routes, 30 ms under churn'],
    ['Istio', '120–300 ms, 375 ms under churn'],
    ['Envoy Gateway', '600 ms and 14,808 answers with 503, 2,000 ms under churn'],
  ],
};
