package main

import (
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// run sends requests and collects what comes of them.
func run(spec Spec) (*Result, error) {
	if len(spec.Targets) == 0 || len(spec.Work.Models) == 0 || (spec.Seconds == 0 && spec.Requests == 0) {
		return nil, errors.New("the specification names no target, no model, or no end")
	}
	clients := make([]*client, len(spec.Targets))
	for i, target := range spec.Targets {
		clients[i] = &client{target: target, timeout: seconds(spec.TimeoutSeconds), ending: ending(spec.Work)}
	}
	book := &book{result: Result{Failures: map[string]int{}, Pods: map[string]int{}}}
	begin := time.Now()
	if spec.Rate > 0 {
		sendOnTime(spec, clients, book, begin)
	} else {
		sendInTurn(spec, clients, book, begin)
	}
	book.result.Seconds = time.Since(begin).Seconds()
	return &book.result, nil
}

// ending is what answers end with.
func ending(work Work) string {
	if work.Stream {
		return "data: [DONE]\n\n"
	}
	return "}"
}

type book struct {
	mutex  sync.Mutex
	result Result
}

const attempts = 3

// send sends one request, again when it fails and that is wanted, and enters what comes of it.
func (b *book) send(client *client, body []byte, lag, retry time.Duration) {
	begin := time.Now()
	for attempt := 1; ; attempt++ {
		before := time.Since(begin)
		got, err := client.ask(body)
		again := err != nil && retry > 0 && attempt < attempts
		got.firstByte += before
		got.total += before
		b.enter(got, err, lag, !again)
		if !again {
			return
		}
		time.Sleep(retry)
	}
}

func (b *book) enter(got answer, err error, lag time.Duration, last bool) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if last {
		b.result.Lag = append(b.result.Lag, milliseconds(lag))
	}
	if err != nil {
		b.result.Failures[reasonOf(err)]++
		return
	}
	b.result.Answered++
	b.result.Pods[got.pod]++
	b.result.FirstByte = append(b.result.FirstByte, milliseconds(got.firstByte))
	b.result.Total = append(b.result.Total, milliseconds(got.total))
}

func seconds(n float64) time.Duration {
	return time.Duration(n * float64(time.Second))
}

func milliseconds(d time.Duration) float64 {
	return float64(d.Microseconds()) / 1000
}

// sendOnTime sends each request at its time, whatever has become of those before it.
func sendOnTime(spec Spec, clients []*client, book *book, begin time.Time) {
	prompts := newPrompts(spec.Work, spec.Seed)
	retry := seconds(spec.RetrySeconds)
	var all sync.WaitGroup
	// Go's own timers are as coarse as epoll's, a millisecond.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	sent := 0
	for due := range dueTimes(spec) {
		body := prompts.next()
		if wait := due - time.Since(begin); wait > 0 {
			pause := syscall.NsecToTimespec(wait.Nanoseconds())
			_ = syscall.Nanosleep(&pause, nil)
		}
		lag := time.Since(begin) - due
		client := clients[sent%len(clients)]
		sent++
		all.Go(func() { book.send(client, body, lag, retry) })
	}
	all.Wait()
}

// dueTimes are the times after the begin at which requests are to be sent.
func dueTimes(spec Spec) func(yield func(time.Duration) bool) {
	random := rand.New(rand.NewPCG(spec.Seed, 2))
	return func(yield func(time.Duration) bool) {
		at, burstAt, count := 0.0, spec.BurstSeconds, 0
		put := func(at float64) bool {
			if (spec.Seconds > 0 && at > spec.Seconds) || (spec.Requests > 0 && count >= spec.Requests) {
				return false
			}
			count++
			return yield(time.Duration(at * float64(time.Second)))
		}
		for {
			gap := 1 / spec.Rate
			if !spec.Steady {
				gap = random.ExpFloat64() / spec.Rate
			}
			at += gap
			for spec.Burst > 0 && burstAt <= at {
				for range spec.Burst {
					if !put(burstAt) {
						return
					}
				}
				burstAt += spec.BurstSeconds
			}
			if !put(at) {
				return
			}
		}
	}
}

// sendInTurn keeps so many requests under way.
func sendInTurn(spec Spec, clients []*client, book *book, begin time.Time) {
	retry := seconds(spec.RetrySeconds)
	var all sync.WaitGroup
	var mutex sync.Mutex
	sent := 0
	prompts := newPrompts(spec.Work, spec.Seed)
	next := func() ([]byte, *client) {
		mutex.Lock()
		defer mutex.Unlock()
		if (spec.Requests > 0 && sent >= spec.Requests) || (spec.Seconds > 0 && time.Since(begin).Seconds() > spec.Seconds) {
			return nil, nil
		}
		sent++
		return prompts.next(), clients[sent%len(clients)]
	}
	for range spec.Connections {
		all.Go(func() {
			for {
				body, client := next()
				if body == nil {
					return
				}
				book.send(client, body, 0, retry)
			}
		})
	}
	all.Wait()
}
