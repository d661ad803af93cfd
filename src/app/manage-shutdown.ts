export { runShutdownManager as manageShutdown } from '../infra/kubernetes/shutdown-manager.ts';
