package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Between two chunks of a streamed answer: as tokens come, one by one.
const chunkGap = time.Millisecond

var streamed = []byte(`"stream":true`)

// serve answers completions at each of the addresses, which are the arguments, as fast as it can.
func serve(addresses []string) error {
	failed := make(chan error)
	for i, address := range addresses {
		listener, err := net.Listen("tcp4", address)
		if err != nil {
			return err
		}
		server := &modelServer{pod: "server-" + strconv.Itoa(i)}
		mux := http.NewServeMux()
		mux.HandleFunc("/v1/completions", server.complete)
		mux.HandleFunc("/metrics", server.metrics)
		mux.HandleFunc("/health", func(http.ResponseWriter, *http.Request) {})
		go func() { failed <- http.Serve(listener, mux) }()
	}
	fmt.Fprintln(os.Stderr, "serving")
	return <-failed
}

type modelServer struct {
	pod     string
	running atomic.Int64
	served  atomic.Int64
}

var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func (s *modelServer) complete(w http.ResponseWriter, r *http.Request) {
	s.running.Add(1)
	defer s.running.Add(-1)
	defer s.served.Add(1)
	body := bodies.Get().(*bytes.Buffer)
	defer bodies.Put(body)
	body.Reset()
	if _, err := io.Copy(body, r.Body); err != nil {
		return
	}
	tokens, err := maxTokens(body.Bytes())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("X-Inference-Pod", s.pod)
	if bytes.Contains(head(body.Bytes()), streamed) || bytes.Contains(tail(body.Bytes()), streamed) {
		s.stream(w, r, tokens)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	text := strings.Repeat("word ", tokens)
	fmt.Fprintf(w, `{"id":"cmpl-1","object":"text_completion","created":1,"model":"m","choices":[{"index":0,"finish_reason":"length","text":"%s"}],"usage":{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d}}`,
		text, body.Len()/5, tokens, body.Len()/5+tokens)
}

func (s *modelServer) stream(w http.ResponseWriter, r *http.Request, tokens int) {
	w.Header().Set("Content-Type", "text/event-stream")
	flusher := w.(http.Flusher)
	chunk := []byte(`data: {"id":"cmpl-1","object":"text_completion","created":1,"model":"m","choices":[{"index":0,"finish_reason":null,"text":"word "}]}` + "\n\n")
	next := time.Now()
	for range tokens {
		if _, err := w.Write(chunk); err != nil || r.Context().Err() != nil {
			return
		}
		flusher.Flush()
		next = next.Add(chunkGap)
		time.Sleep(time.Until(next))
	}
	fmt.Fprintf(w, "data: {\"id\":\"cmpl-1\",\"object\":\"text_completion\",\"created\":1,\"model\":\"m\",\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":%d,\"total_tokens\":%d}}\n\ndata: [DONE]\n\n", tokens, tokens+1)
}

// Settings are before or after the prompt: pickers that write bodies anew sort them.
const settings = 256

func head(body []byte) []byte {
	return body[:min(len(body), settings)]
}

func tail(body []byte) []byte {
	return body[max(0, len(body)-settings):]
}

func maxTokens(body []byte) (int, error) {
	_, after, found := bytes.Cut(head(body), []byte(`"max_tokens":`))
	if !found {
		return 0, errors.New("no max_tokens")
	}
	end := bytes.IndexAny(after, ",}")
	if end < 0 {
		return 0, errors.New("max_tokens has no end")
	}
	return strconv.Atoi(string(after[:end]))
}

// Histograms that vLLM has: pickers have to find their way past them.
var histograms = []string{
	"vllm:time_to_first_token_seconds", "vllm:inter_token_latency_seconds", "vllm:e2e_request_latency_seconds", "vllm:request_queue_time_seconds", "vllm:request_inference_time_seconds",
	"vllm:request_prefill_time_seconds", "vllm:request_decode_time_seconds", "vllm:request_prompt_tokens", "vllm:request_generation_tokens", "vllm:request_params_max_tokens",
}

var buckets = []string{"0.001", "0.005", "0.01", "0.02", "0.04", "0.06", "0.08", "0.1", "0.25", "0.5", "0.75", "1", "2.5", "5", "7.5", "10", "20", "40", "80", "160", "640", "2560", "+Inf"}

func (s *modelServer) metrics(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	var page bytes.Buffer
	served := s.served.Load()
	for _, name := range histograms {
		fmt.Fprintf(&page, "# HELP %s A histogram.\n# TYPE %s histogram\n", name, name)
		for _, bucket := range buckets {
			fmt.Fprintf(&page, "%s_bucket{model_name=\"m\",le=\"%s\"} %d\n", name, bucket, served)
		}
		fmt.Fprintf(&page, "%s_sum{model_name=\"m\"} %d\n%s_count{model_name=\"m\"} %d\n", name, served, name, served)
	}
	gauge := func(name, labels string, value int64) {
		fmt.Fprintf(&page, "# HELP %s A gauge.\n# TYPE %s gauge\n%s{%s} %d\n", name, name, name, labels, value)
	}
	gauge("vllm:num_requests_running", `model_name="m"`, s.running.Load())
	gauge("vllm:num_requests_waiting", `model_name="m"`, 0)
	gauge("vllm:kv_cache_usage_perc", `model_name="m"`, 0)
	gauge("vllm:cache_config_info", `block_size="16",num_gpu_blocks="32768"`, 1)
	gauge("vllm:lora_requests_info", `max_lora="0",running_lora_adapters="",waiting_lora_adapters=""`, 1)
	_, _ = w.Write(page.Bytes())
}
