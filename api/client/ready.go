package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// maxReason bounds what is read of why a node is not ready.
const maxReason = 1 << 10

// Ready asks a node whether it should get requests; the error says why it should not.
// It is what health checks of containers ask.
func (c *Client) Ready(ctx context.Context) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/readyz", nil)
	if err != nil {
		return fmt.Errorf("ask for readiness: %w", err)
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return fmt.Errorf("ask for readiness: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		why, _ := io.ReadAll(io.LimitReader(answer.Body, maxReason)) // the status says enough
		return fmt.Errorf("not ready: %s %s", answer.Status, strings.TrimSpace(string(why)))
	}
	return nil
}
