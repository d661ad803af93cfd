package main

// Spec is one load. load.ts has the same fields.
type Spec struct {
	// Asked in turn, as host:port.
	Targets []string `json:"targets"`
	// Requests a second, at times of a Poisson process, or as steady as can be. 0: as many as Connections can.
	Rate   float64 `json:"rate"`
	Steady bool    `json:"steady"`
	// How long requests are sent. 0: until there are Requests.
	Seconds float64 `json:"seconds"`
	// How many are sent at most. 0: no limit.
	Requests int `json:"requests"`
	// Requests under way at a time when there is no Rate.
	Connections int `json:"connections"`
	// Requests that are added at once, and how often.
	Burst        int     `json:"burst"`
	BurstSeconds float64 `json:"burstSeconds"`
	// After which a request has failed.
	TimeoutSeconds float64 `json:"timeoutSeconds"`
	// After which a failed request is sent once more, up to three times in all. 0: never. Times are from the first sending on.
	RetrySeconds float64 `json:"retrySeconds"`
	// Of times and prompts.
	Seed uint64 `json:"seed"`
	Work Work   `json:"work"`
}

// Work is what requests are like.
type Work struct {
	// One of them at random for each request.
	Models []string `json:"models"`
	Stream bool     `json:"stream"`
	// Exact length of the answer.
	OutputTokens int `json:"outputTokens"`
	// Prompts begin with one of so many texts of so many bytes, and end with one that no other has.
	Groups      int `json:"groups"`
	PrefixBytes int `json:"prefixBytes"`
	SuffixBytes int `json:"suffixBytes"`
	// The n-th group is used n^-Skew times as often as the first.
	Skew float64 `json:"skew"`
}

// Result is what came of a load. Times are in milliseconds.
type Result struct {
	// Requests that were answered in full with status 200, at last.
	Answered int `json:"answered"`
	// How often sending one failed, for each reason.
	Failures map[string]int `json:"failures"`
	// From the first request to the last answer.
	Seconds float64 `json:"seconds"`
	// Of each answered request: from sending to the first byte of the body, and to the last.
	FirstByte []float64 `json:"firstByte"`
	Total     []float64 `json:"total"`
	// Of each request: how late it was sent, which is the generator's own doing.
	Lag []float64 `json:"lag"`
	// Answers by who gave them.
	Pods map[string]int `json:"pods"`
}
