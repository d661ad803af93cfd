package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
)

// prompts makes the bodies of requests, the same ones for the same seed.
type prompts struct {
	work     Work
	random   *rand.Rand
	prefixes [][]byte
	// Cumulated weights of the groups.
	shares []float64
}

func newPrompts(work Work, seed uint64) *prompts {
	p := &prompts{work: work, random: rand.New(rand.NewPCG(seed, 1))}
	sum := 0.0
	for i := range work.Groups {
		p.prefixes = append(p.prefixes, words(nil, work.PrefixBytes, p.random))
		sum += math.Pow(float64(i+1), -work.Skew)
		p.shares = append(p.shares, sum)
	}
	return p
}

func (p *prompts) next() []byte {
	body := make([]byte, 0, p.work.PrefixBytes+p.work.SuffixBytes+256)
	model := p.work.Models[p.random.IntN(len(p.work.Models))]
	body = fmt.Appendf(body, `{"model":%q,"max_tokens":%d,"ignore_eos":true,"temperature":0,"stream":%t,"prompt":"`, model, p.work.OutputTokens, p.work.Stream)
	if len(p.shares) > 0 {
		at := p.random.Float64() * p.shares[len(p.shares)-1]
		group := 0
		for p.shares[group] < at {
			group++
		}
		body = append(body, p.prefixes[group]...)
	}
	return append(words(body, p.work.SuffixBytes, p.random), `"}`...)
}

// words appends about so many bytes of words of four letters, each of which the simulated tokenizer takes for a token and pickers for 1.25.
func words(text []byte, bytes int, random *rand.Rand) []byte {
	for n := 0; n < bytes; n += 5 {
		bits := random.Uint32()
		for range 4 {
			text = append(text, 'a'+byte(bits%26))
			bits /= 26
		}
		text = append(text, ' ')
	}
	return text
}

// requestHead is all of a request before its body.
func requestHead(target string, length int) []byte {
	head := make([]byte, 0, 256)
	head = append(head, "POST /v1/completions HTTP/1.1\r\nHost: "...)
	head = append(head, target...)
	head = append(head, "\r\nContent-Type: application/json\r\nContent-Length: "...)
	head = strconv.AppendInt(head, int64(length), 10)
	return append(head, "\r\n\r\n"...)
}
