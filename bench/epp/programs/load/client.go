package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// client keeps connections to one target.
type client struct {
	target  string
	timeout time.Duration
	// What an answer has to end with.
	ending string
	mutex  sync.Mutex
	idle   []*connection
}

type connection struct {
	net.Conn
	reader *bufio.Reader
}

type answer struct {
	firstByte, total time.Duration
	pod              string
}

var post = &http.Request{Method: http.MethodPost}

// ask sends one request and reads its whole answer.
func (c *client) ask(body []byte) (answer, error) {
	start := time.Now()
	conn, err := c.connection()
	if err != nil {
		return answer{}, err
	}
	result, err := exchange(conn, c, body, start)
	if err != nil {
		conn.Close()
		return result, err
	}
	c.mutex.Lock()
	c.idle = append(c.idle, conn)
	c.mutex.Unlock()
	return result, nil
}

func exchange(conn *connection, c *client, body []byte, start time.Time) (answer, error) {
	if err := conn.SetDeadline(start.Add(c.timeout)); err != nil {
		return answer{}, err
	}
	buffers := net.Buffers{requestHead(c.target, len(body)), body}
	if _, err := buffers.WriteTo(conn.Conn); err != nil {
		return answer{}, fmt.Errorf("writing: %w", err)
	}
	response, err := http.ReadResponse(conn.reader, post)
	if err != nil {
		return answer{}, fmt.Errorf("reading the head: %w", err)
	}
	defer response.Body.Close()
	result := answer{pod: response.Header.Get("X-Inference-Pod")}
	var buffer [16 * 1024]byte
	var end []byte
	for {
		n, err := response.Body.Read(buffer[:])
		end = lastOf(end, buffer[:n], len(c.ending))
		if n > 0 && result.firstByte == 0 {
			result.firstByte = time.Since(start)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return result, fmt.Errorf("reading the body: %w", err)
		}
	}
	result.total = time.Since(start)
	if response.StatusCode != http.StatusOK {
		return result, fmt.Errorf("status %d", response.StatusCode)
	}
	if result.firstByte == 0 {
		return result, errors.New("empty answer")
	}
	if string(end) != c.ending {
		return result, errors.New("the answer is not whole")
	}
	return result, nil
}

// lastOf is the last n bytes of a text that goes on.
func lastOf(before, more []byte, n int) []byte {
	if len(more) < n {
		more = append(before, more...)
	}
	return append([]byte(nil), more[max(0, len(more)-n):]...)
}

func (c *client) connection() (*connection, error) {
	c.mutex.Lock()
	if n := len(c.idle); n > 0 {
		conn := c.idle[n-1]
		c.idle = c.idle[:n-1]
		c.mutex.Unlock()
		return conn, nil
	}
	c.mutex.Unlock()
	conn, err := net.DialTimeout("tcp", c.target, c.timeout)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	return &connection{Conn: conn, reader: bufio.NewReader(conn)}, nil
}

// reasonOf is an error without the addresses that make each one unique.
func reasonOf(err error) string {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return "timeout"
	}
	text := err.Error()
	for _, known := range []string{"connection refused", "connection reset", "broken pipe", "unexpected EOF", "EOF"} {
		if strings.Contains(text, known) {
			return known
		}
	}
	return text
}
