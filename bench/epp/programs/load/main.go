// What the benchmark of endpoint pickers needs to be fast: `load` sends requests as a specification on standard input says and writes what
// came of them to standard output; `serve` is model servers that answer at once.
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

func main() {
	if len(os.Args) > 2 && os.Args[1] == "serve" {
		fail(serve(os.Args[2:]))
	}
	var spec Spec
	if err := json.NewDecoder(os.Stdin).Decode(&spec); err != nil {
		fail(err)
	}
	result, err := run(spec)
	if err != nil {
		fail(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
