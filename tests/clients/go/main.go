// One client of a stream, as tests/clients/README.md has it.
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/big"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

const (
	patience = 100 * time.Millisecond // before what failed is tried again
	library  = "github.com/aws/aws-sdk-go-v2/service/kinesis"
)

var (
	ctx     = context.Background()
	client  *kinesis.Client
	stream  *string
	role    string
	writing sync.Mutex
)

func main() {
	settings, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		panic(err)
	}
	client = kinesis.NewFromConfig(settings)
	role, stream = os.Args[1], &os.Args[2]
	say("version", version())
	switch role {
	case "put":
		produce()
		return
	case "poll":
		go consume(poll)
	case "fan-out":
		consumer := insist(registered)
		go consume(func(shard string) { subscribe(consumer, shard) })
	}
	say("ready")
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func version() string {
	build, _ := debug.ReadBuildInfo()
	for _, module := range build.Deps {
		if module.Path == library {
			return strings.TrimPrefix(module.Version, "v")
		}
	}
	panic(library)
}

func say(words ...any) {
	writing.Lock()
	defer writing.Unlock()
	fmt.Println(words...)
}

func failed(err error) {
	fmt.Fprintf(os.Stderr, "%s: %v\n", role, err)
	time.Sleep(patience)
}

// Until it succeeds: the server is killed and started again.
func insist[T any](attempt func() (T, error)) T {
	for {
		result, err := attempt()
		if err == nil {
			return result
		}
		failed(err)
	}
}

func shards() ([]types.Shard, error) {
	var found []types.Shard
	input := &kinesis.ListShardsInput{StreamName: stream}
	for {
		page, err := client.ListShards(ctx, input)
		if err != nil {
			return nil, err
		}
		found = append(found, page.Shards...)
		if page.NextToken == nil {
			return found, nil
		}
		input = &kinesis.ListShardsInput{NextToken: page.NextToken}
	}
}

func openShards() []types.Shard {
	closed := func(shard types.Shard) bool {
		return shard.SequenceNumberRange.EndingSequenceNumber != nil
	}
	open := slices.DeleteFunc(insist(shards), closed)
	slices.SortFunc(open, func(one, other types.Shard) int {
		return number(one.HashKeyRange.StartingHashKey).Cmp(number(other.HashKeyRange.StartingHashKey))
	})
	return open
}

func number(text *string) *big.Int {
	value, _ := new(big.Int).SetString(*text, 10)
	return value
}

// --- putting

func produce() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		var numbers []int
		for _, word := range words[1:] {
			value, _ := strconv.Atoi(word)
			numbers = append(numbers, value)
		}
		if err := do(words[0], numbers); err != nil {
			panic(err)
		}
		say("done")
	}
}

func do(command string, numbers []int) error {
	var err error
	switch command {
	case "create":
		count := aws.Int32(int32(numbers[0]))
		_, err = client.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: stream, ShardCount: count})
	case "put":
		put(numbers[0], numbers[1])
	case "split":
		shard := openShards()[0]
		keys := shard.HashKeyRange
		middle := new(big.Int).Add(number(keys.StartingHashKey), number(keys.EndingHashKey))
		_, err = client.SplitShard(ctx, &kinesis.SplitShardInput{
			StreamName:         stream,
			ShardToSplit:       shard.ShardId,
			NewStartingHashKey: aws.String(middle.Rsh(middle, 1).String()),
		})
	case "merge":
		open := openShards()
		_, err = client.MergeShards(ctx, &kinesis.MergeShardsInput{
			StreamName:           stream,
			ShardToMerge:         open[0].ShardId,
			AdjacentShardToMerge: open[1].ShardId,
		})
	case "resize":
		_, err = client.UpdateShardCount(ctx, &kinesis.UpdateShardCountInput{
			StreamName:       stream,
			TargetShardCount: aws.Int32(int32(numbers[0])),
			ScalingType:      types.ScalingTypeUniformScaling,
		})
	}
	return err
}

// The first alone, the others up to 100 at once.
func put(from, end int) {
	key, data := record(from)
	first := insist(func() (*kinesis.PutRecordOutput, error) {
		return client.PutRecord(ctx, &kinesis.PutRecordInput{StreamName: stream, PartitionKey: key, Data: data})
	})
	attempts, _ := retry.GetAttemptResults(first.ResultMetadata)
	tellOfRetries(attempts, from, from+1)
	say("acknowledged", from, from+1)
	for from++; from < end; {
		to := min(from+100, end)
		var entries []types.PutRecordsRequestEntry
		for number := from; number < to; number++ {
			key, data := record(number)
			entries = append(entries, types.PutRecordsRequestEntry{PartitionKey: key, Data: data})
		}
		insist(func() (bool, error) {
			answer, err := client.PutRecords(ctx, &kinesis.PutRecordsInput{StreamName: stream, Records: entries})
			if err == nil && *answer.FailedRecordCount > 0 {
				err = fmt.Errorf("%d records failed", *answer.FailedRecordCount)
			}
			if err == nil {
				attempts, _ := retry.GetAttemptResults(answer.ResultMetadata)
				tellOfRetries(attempts, from, to)
			}
			return true, err
		})
		say("acknowledged", from, to)
		from = to
	}
}

// The SDK itself sends a call again of which it has not read the whole answer, and may put it twice.
func tellOfRetries(attempts retry.AttemptResults, from, to int) {
	if len(attempts.Results) > 1 {
		say("again", from, to)
		fmt.Fprintf(os.Stderr, "%s: sent again by the SDK: %v\n", role, attempts.Results[0].Err)
	}
}

func record(number int) (*string, []byte) {
	key := fmt.Sprintf("key-%d", number%100)
	return &key, fmt.Appendf(nil, "%s %d", key, number)
}

// --- reading: a shard begins when its parents have ended

func consume(readShard func(string)) {
	var guard sync.Mutex
	begun, ended := map[string]bool{}, map[string]bool{}
	for {
		all := insist(shards)
		known := map[string]bool{}
		for _, shard := range all {
			known[*shard.ShardId] = true
		}
		guard.Lock()
		awaited := func(parent *string) bool {
			return parent != nil && known[*parent] && !ended[*parent]
		}
		for _, shard := range all {
			if begun[*shard.ShardId] || awaited(shard.ParentShardId) || awaited(shard.AdjacentParentShardId) {
				continue
			}
			begun[*shard.ShardId] = true
			go func() {
				readShard(*shard.ShardId)
				guard.Lock()
				defer guard.Unlock()
				ended[*shard.ShardId] = true
			}()
		}
		guard.Unlock()
		time.Sleep(patience)
	}
}

func tell(records []types.Record) {
	for _, record := range records {
		say("read", string(record.Data))
	}
}

func poll(shard string) {
	var after *string
	iterate := func() (*string, error) {
		input := &kinesis.GetShardIteratorInput{
			StreamName:        stream,
			ShardId:           &shard,
			ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
		}
		if after != nil {
			input.ShardIteratorType = types.ShardIteratorTypeAfterSequenceNumber
			input.StartingSequenceNumber = after
		}
		answer, err := client.GetShardIterator(ctx, input)
		if err != nil {
			return nil, err
		}
		return answer.ShardIterator, nil
	}
	iterator := insist(iterate)
	for iterator != nil {
		answer, err := client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: iterator, Limit: aws.Int32(200)})
		if err != nil {
			failed(err)
			iterator = insist(iterate)
			continue
		}
		tell(answer.Records)
		iterator = answer.NextShardIterator
		if len(answer.Records) == 0 {
			time.Sleep(patience)
		} else {
			after = answer.Records[len(answer.Records)-1].SequenceNumber
		}
	}
}

func registered() (*string, error) {
	described, err := client.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: stream})
	if err != nil {
		return nil, err
	}
	arn, name := described.StreamDescriptionSummary.StreamARN, aws.String("client")
	_, err = client.RegisterStreamConsumer(ctx, &kinesis.RegisterStreamConsumerInput{StreamARN: arn, ConsumerName: name})
	if err != nil {
		return nil, err
	}
	for {
		input := &kinesis.DescribeStreamConsumerInput{StreamARN: arn, ConsumerName: name}
		answer, err := client.DescribeStreamConsumer(ctx, input)
		if err != nil {
			return nil, err
		}
		if answer.ConsumerDescription.ConsumerStatus == types.ConsumerStatusActive {
			return answer.ConsumerDescription.ConsumerARN, nil
		}
		time.Sleep(patience)
	}
}

func subscribe(consumer *string, shard string) {
	position := &types.StartingPosition{Type: types.ShardIteratorTypeTrimHorizon}
	for {
		answer, err := client.SubscribeToShard(ctx, &kinesis.SubscribeToShardInput{
			ConsumerARN:      consumer,
			ShardId:          &shard,
			StartingPosition: position,
		})
		if err != nil {
			failed(err)
			continue
		}
		events := answer.GetStream()
		for each := range events.Events() {
			event := each.(*types.SubscribeToShardEventStreamMemberSubscribeToShardEvent).Value
			tell(event.Records)
			if event.ContinuationSequenceNumber == nil {
				_ = events.Close()
				return
			}
			position = &types.StartingPosition{
				Type:           types.ShardIteratorTypeAfterSequenceNumber,
				SequenceNumber: event.ContinuationSequenceNumber,
			}
		}
		failed(fmt.Errorf("subscription to %s ended: %v", shard, events.Err()))
		_ = events.Close()
	}
}
