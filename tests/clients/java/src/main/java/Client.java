import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.math.BigInteger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.util.VersionInfo;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.model.ListShardsResponse;
import software.amazon.awssdk.services.kinesis.model.PutRecordsRequestEntry;
import software.amazon.awssdk.services.kinesis.model.ScalingType;
import software.amazon.awssdk.services.kinesis.model.Shard;

/** One client of a stream, as tests/clients/README.md has it: of the SDK, the KCL or the KPL. */
public class Client {
    static final long PATIENCE = 100; // ms before what failed is tried again

    /** Far more than any step takes: a machine that is busy may take longer than the usual 10 s. */
    private static final Duration STEP = Duration.ofMinutes(2);

    final KinesisAsyncClient kinesis = KinesisAsyncClient.builder()
            .httpClientBuilder(NettyNioAsyncHttpClient.builder().connectionAcquisitionTimeout(STEP)
                    .connectionTimeout(STEP).tlsNegotiationTimeout(STEP).readTimeout(STEP))
            .build();
    final String role;
    final String stream;

    Client(String role, String stream) {
        this.role = role;
        this.stream = stream;
    }

    public static void main(String[] words) throws Exception {
        String library = words[0];
        Client client = new Client(words[1], words[2]);
        switch (library + " " + client.role) {
            case "sdk put" -> {
                say("version " + VersionInfo.SDK_VERSION);
                client.produce(client::put);
            }
            case "sdk poll", "sdk fan-out" -> new SdkReader(client).start();
            case "kcl put" -> {
                say("version " + KclReader.version());
                client.produce(client::put);
            }
            case "kpl put" -> {
                KplWriter writer = new KplWriter(client.stream);
                say("version " + KplWriter.version());
                client.produce(writer::put);
                writer.close();
            }
            default -> new KclReader(client).start();
        }
        if (!client.role.equals("put")) {
            System.in.transferTo(java.io.OutputStream.nullOutputStream());
        }
        Runtime.getRuntime().halt(0);
    }

    static synchronized void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    void failed(Exception error) throws InterruptedException {
        System.err.println(role + ": " + error);
        Thread.sleep(PATIENCE);
    }

    /** Until it succeeds: the server is killed and started again. */
    <T> T insist(Callable<T> attempt) throws InterruptedException {
        while (true) {
            try {
                return attempt.call();
            } catch (InterruptedException error) {
                throw error;
            } catch (Exception error) {
                failed(error);
            }
        }
    }

    List<Shard> shards() {
        ListShardsResponse page = kinesis.listShards(r -> r.streamName(stream)).join();
        List<Shard> found = new ArrayList<>(page.shards());
        while (page.nextToken() != null) {
            String token = page.nextToken();
            page = kinesis.listShards(r -> r.nextToken(token)).join();
            found.addAll(page.shards());
        }
        return found;
    }

    List<Shard> openShards() {
        List<Shard> open = new ArrayList<>(shards());
        open.removeIf(shard -> shard.sequenceNumberRange().endingSequenceNumber() != null);
        open.sort(Comparator.comparing(s -> new BigInteger(s.hashKeyRange().startingHashKey())));
        return open;
    }

    // --- putting

    interface Put {
        void put(int first, int end) throws Exception;
    }

    void produce(Put writer) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] words = line.split(" ");
            int first = words.length > 1 ? Integer.parseInt(words[1]) : 0;
            switch (words[0]) {
                case "create" -> kinesis.createStream(r -> r.streamName(stream).shardCount(first)).join();
                case "put" -> writer.put(first, Integer.parseInt(words[2]));
                case "split" -> split();
                case "merge" -> merge();
                default -> kinesis.updateShardCount(r -> r.streamName(stream).targetShardCount(first)
                        .scalingType(ScalingType.UNIFORM_SCALING)).join();
            }
            say("done");
        }
    }

    void split() {
        Shard shard = openShards().get(0);
        BigInteger first = new BigInteger(shard.hashKeyRange().startingHashKey());
        BigInteger last = new BigInteger(shard.hashKeyRange().endingHashKey());
        String middle = first.add(last).shiftRight(1).toString();
        kinesis.splitShard(r -> r.streamName(stream).shardToSplit(shard.shardId())
                .newStartingHashKey(middle)).join();
    }

    void merge() {
        List<Shard> open = openShards();
        kinesis.mergeShards(r -> r.streamName(stream).shardToMerge(open.get(0).shardId())
                .adjacentShardToMerge(open.get(1).shardId())).join();
    }

    static String key(int number) {
        return "key-" + number % 100;
    }

    static SdkBytes data(int number) {
        return SdkBytes.fromUtf8String(key(number) + " " + number);
    }

    /** The first alone, the others up to 100 at once. */
    void put(int first, int end) throws Exception {
        insist(() -> kinesis.putRecord(r -> r.streamName(stream).partitionKey(key(first))
                .data(data(first))).join());
        say("acknowledged " + first + " " + (first + 1));
        for (int from = first + 1; from < end; ) {
            int to = Math.min(from + 100, end);
            List<PutRecordsRequestEntry> entries = new ArrayList<>();
            for (int number = from; number < to; number++) {
                entries.add(PutRecordsRequestEntry.builder().partitionKey(key(number))
                        .data(data(number)).build());
            }
            insist(() -> {
                int failed = kinesis.putRecords(r -> r.streamName(stream).records(entries)).join()
                        .failedRecordCount();
                if (failed > 0) {
                    throw new IllegalStateException(failed + " records failed");
                }
                return failed;
            });
            say("acknowledged " + from + " " + to);
            from = to;
        }
    }
}
