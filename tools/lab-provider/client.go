package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	patience  = 2 // how often a 429 is waited out
	longWait  = 30 * time.Second
	replySize = 16 << 20
)

// client speaks the lab cloud's API. It repeats nothing but a 429 that says when to come back, which the server did not carry out.
type client struct {
	base, token string
	http        *http.Client
}

// apiError is an answer that is not a success; its text is the server's own.
type apiError struct {
	status int
	text   string
}

func (e *apiError) Error() string {
	return fmt.Sprintf("%d %s: %s", e.status, http.StatusText(e.status), e.text)
}

func newClient(base, token string) *client {
	// Go repeats a request by itself when a kept connection turns out closed; without kept connections it never does.
	transport := &http.Transport{DisableKeepAlives: true, Proxy: nil}
	return &client{base: strings.TrimRight(base, "/"), token: token, http: &http.Client{Transport: transport, Timeout: 2 * time.Minute}}
}

func itemsPath(collection string) string {
	return "/v1/collections/" + url.PathEscape(collection) + "/items"
}

func itemPath(collection, id string) string { return itemsPath(collection) + "/" + url.PathEscape(id) }

// do sends one request and decodes the answer into out (nil: not wanted).
func (c *client) do(ctx context.Context, method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	id := requestID()
	for attempt := 0; ; attempt++ {
		status, wait, reply, err := c.once(ctx, id, method, path, body)
		if err != nil {
			return err
		}
		if status == http.StatusTooManyRequests && wait >= 0 && attempt < patience {
			select {
			case <-time.After(min(wait, longWait)):
				continue
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if status >= 300 {
			return &apiError{status: status, text: errorText(reply)}
		}
		if out == nil {
			return nil
		}
		return json.Unmarshal(reply, out)
	}
}

// once sends a request one time; wait is the answer's Retry-After, or negative without one.
func (c *client) once(ctx context.Context, id, method, path string, body []byte) (int, time.Duration, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return 0, 0, nil, err
	}
	if method == http.MethodGet || method == http.MethodDelete {
		request.Body, request.ContentLength = nil, 0
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Request-Id", id) // the same for every attempt, so that the journal can tell repeats
	response, err := c.http.Do(request)
	if err != nil {
		return 0, 0, nil, err
	}
	defer response.Body.Close()
	reply, err := io.ReadAll(io.LimitReader(response.Body, replySize))
	wait := time.Duration(-1)
	if seconds, bad := strconv.ParseFloat(response.Header.Get("Retry-After"), 64); bad == nil && seconds >= 0 {
		wait = time.Duration(seconds * float64(time.Second))
	}
	return response.StatusCode, wait, reply, err
}

func errorText(reply []byte) string {
	var document struct {
		Error struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	if json.Unmarshal(reply, &document) == nil && document.Error.Message != "" {
		return document.Error.Message
	}
	return string(reply)
}

func requestID() string {
	var raw [8]byte
	_, _ = rand.Read(raw[:]) // never fails
	return hex.EncodeToString(raw[:])
}
