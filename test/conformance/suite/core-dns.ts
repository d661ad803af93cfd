import { ensureArchive } from '../../cluster/images/image.ts';
import { coreDnsImage } from '../../cluster/images/catalog.ts';
import { ensureProgram } from '../../cluster/tools/ensure.ts';
import type { Progress } from '../../cluster/tools/ensure.ts';
import { coreDns } from '../../cluster/tools/recipes.ts';
import type { Recipe } from '../../cluster/tools/recipe.ts';

/** The suite runs a CoreDNS of its own under the same name, with plugins that the cluster's has no use for: all that are in its Corefile. */
const recipe: Recipe = {
  ...coreDns,
  source: {
    requires: { 'github.com/coredns/coredns': coreDns.version },
    files: {
      'main.go': `package main

import (
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/forward"
	_ "github.com/coredns/coredns/plugin/health"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/log"
	_ "github.com/coredns/coredns/plugin/ready"
	_ "github.com/coredns/coredns/plugin/reload"
	_ "github.com/coredns/coredns/plugin/whoami"

	"github.com/coredns/coredns/coremain"
)

func main() { coremain.Run() }
`,
    },
  },
};

export async function suiteCoreDns(onProgress: Progress): Promise<string> {
  const program = await ensureProgram(recipe, 'coredns', onProgress);
  return ensureArchive('coredns', { names: [coreDnsImage], layers: [[{ path: '/coredns', from: program }]], config: { entrypoint: ['/coredns'], workingDir: '/' } }, onProgress);
}
