// See ../README.md.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

type told struct {
	Fail    []string        `json:"fail"`
	Return  json.RawMessage `json:"return"`
	Raise   *string         `json:"raise"`
	Large   int             `json:"large"`
	Log     []string        `json:"log"`
	Nothing bool            `json:"nothing"`
	Exit    *int            `json:"exit"`
	Sleep   bool            `json:"sleep"`
}

type event struct {
	events.KinesisEvent
	Do told `json:"do"`
}

func handle(_ context.Context, called event) (any, error) {
	do := called.Do
	switch {
	case do.Return != nil:
		return do.Return, nil
	case do.Raise != nil:
		return nil, errors.New(*do.Raise)
	case do.Large > 0:
		return strings.Repeat("x", do.Large), nil
	case do.Nothing:
		return nil, nil
	case do.Exit != nil:
		os.Exit(*do.Exit)
	case do.Sleep:
		time.Sleep(1000 * time.Second)
	}
	for _, line := range do.Log {
		fmt.Println(line)
	}
	failures := []events.KinesisBatchItemFailure{}
	for _, number := range do.Fail {
		isThere := func(record events.KinesisEventRecord) bool {
			return record.Kinesis.SequenceNumber == number
		}
		if slices.ContainsFunc(called.Records, isThere) {
			failures = append(failures, events.KinesisBatchItemFailure{ItemIdentifier: number})
		}
	}
	return events.KinesisEventResponse{BatchItemFailures: failures}, nil
}

func main() {
	if text, isSet := os.LookupEnv("INIT_ERROR"); isSet {
		panic(text)
	}
	lambda.Start(handle)
}
