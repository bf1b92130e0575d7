"""What a test of a client needs: the server, and the client's processes."""

import os
import re
import select
import signal
import subprocess
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Condition, Thread
from typing import Any

from botocore.session import Session

from tests import forks
from tests.clients.comparing import ByKey, by_key, differing, numbers, on_the_stream, put_once
from tests.clients.libraries import Library
from tests.contract.local_function.conftest import process
from tests.e2e.local_endpoint import document
from tests.e2e.programs import KCLI, Completed
from tests.patience import PATIENCE

# Of Kinesis, and the metrics that clients put; not what our test asks for besides.
_ANSWERED = re.compile(r"POST (?:/ 200 |\S+ 200 monitoring (?=Put))([A-Z]\w+) [\d.]+ ms")


class Endpoint:
    """`kcli local` on a state directory: killed, and started again as it was."""

    def __init__(self, state: Path, *options: str) -> None:
        self.state, self._options = state, options
        self.start()
        self.environment = self._kcli("env").stdout
        if "--tls" in options:
            self.environment += f"export JAVA_TOOL_OPTIONS='{self._trust()}'\n"

    def start(self) -> None:
        """Start it, on the port of the last time."""
        started = self._kcli("start", "--detach", "--verbose", *self._options)
        assert started.returncode == 0, started.stderr

    def kill(self) -> None:
        """End it by kill -9."""
        pid = document(self._kcli("status", "--output", "json"))["pid"]
        with process(pid) as handle:
            os.kill(pid, signal.SIGKILL)
            assert select.select([handle], [], [], PATIENCE)[0]

    def stop(self) -> None:
        """End it as a user does."""
        self._kcli("stop")

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 makes classes as it runs
        """A client of it, of botocore."""
        status = document(self._kcli("status", "--output", "json"))
        certificate = self.state / "certificate.pem"
        session = Session()
        session.set_credentials("local", "local")
        return session.create_client(
            service,
            region_name="us-east-1",
            endpoint_url=status["endpoint"],
            verify=str(certificate) if certificate.is_file() else None,
        )

    def calls(self) -> set[str]:
        """The operations that succeeded so far."""
        return set(_ANSWERED.findall((self.state / "server.log").read_text()))

    def _trust(self) -> str:
        """The options by which Java trusts the certificate; which has no variable of its own."""
        store = self.state / "trust.p12"
        what = ["-file", "certificate.pem", "-keystore", str(store), "-storepass", "changeit"]
        subprocess.run(
            ["keytool", "-importcert", "-noprompt", *what],
            cwd=self.state,
            check=True,
            timeout=PATIENCE,
        )
        trust = "-Djavax.net.ssl.trustStore"
        return f"{trust}={store} {trust}Password=changeit"

    def _kcli(self, *arguments: str) -> Completed:
        return forks.run([*KCLI, "local", *arguments, "--state", str(self.state)], self.state)


class Program:
    """A process of a client: it is told lines, and answers in lines."""

    def __init__(self, command: Sequence[str], endpoint: Endpoint, role: str, stream: str) -> None:
        self._errors = endpoint.state / f"{stream}-{role}.err"
        self._told: dict[str, list[str]] = defaultdict(list)
        self._ended = False
        self._changed = Condition()
        with self._errors.open("w") as errors:
            self._process = subprocess.Popen(
                ["sh", "-c", f'{endpoint.environment}\nexec "$@"', "sh", *command, role, stream],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self._reading = Thread(target=self._read)
        self._reading.start()

    def tell(self, line: str) -> None:
        """Give it a line."""
        assert self._process.stdin
        try:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise AssertionError(f"ended before {line}: {self._said()}") from None

    def does(self, line: str) -> None:
        """Give it a line, and wait until it has done that."""
        done = self.count("done")
        self.tell(line)
        self.wait(lambda: self.count("done") > done, line)

    def wait(self, reached: Callable[[], bool], what: str) -> None:
        """Wait until something is so."""
        with self._changed:
            came = self._changed.wait_for(lambda: self._ended or reached(), PATIENCE)
        assert came, f"{what} did not come in {PATIENCE:.0f} s: {self._said()}"
        assert reached(), f"ended before {what}: {self._said()}"

    def count(self, word: str) -> int:
        """How many lines began with a word."""
        return len(self._told[word])

    def told(self, word: str) -> list[str]:
        """What stood after a word, in the lines that began with it."""
        return list(self._told[word])

    def end(self) -> None:
        """Tell it that there is nothing more, and wait for its end."""
        assert self._process.stdin
        self._process.stdin.close()
        status = self._process.wait(PATIENCE)
        self._read_to_the_end()
        assert status == 0, self._said()

    def close(self) -> None:
        """End it, however it stands."""
        self._process.kill()
        self._process.wait(PATIENCE)
        self._read_to_the_end()

    def _read_to_the_end(self) -> None:
        self._reading.join(PATIENCE)
        assert not self._reading.is_alive(), f"a child holds its output open: {self._said()}"

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            word, _, rest = line.rstrip("\n").partition(" ")
            with self._changed:
                self._told[word].append(rest)
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _said(self) -> str:
        counts = {word: len(lines) for word, lines in self._told.items()}
        return f"{counts} {self._errors.read_text()[-2000:]}"


class Run:
    """A library on a stream of its own: a process that puts, and one for each way to read."""

    def __init__(self, library: Library, command: Sequence[str], endpoint: Endpoint) -> None:
        self._library, self._endpoint, self._stream = library, endpoint, library.id
        self._programs: list[Program] = []
        self.put_so_far, self._cut, self._done = 0, set[int](), 0
        try:
            self.producer = self._start(command, "put")
            self.producer.does("create 2")
            self.readers = {role: self._start(command, role) for role in library.readers}
            for role, reader in self.readers.items():
                _wait_for(reader, "ready", 1, role)
        except BaseException:
            self.close()
            raise

    def put(self, count: int) -> None:
        """Put so many more records, and wait for a reader that has to be waited for."""
        self.producer.does(f"put {self.put_so_far} {self.put_so_far + count}")
        self.put_so_far += count
        if self._library.waits_because:
            self.catch_up()

    def catch_up(self) -> None:
        """Wait until the readers have read what was put so far."""
        for role, reader in self.readers.items():
            _wait_for(reader, "read", self.put_so_far, f"all by {role}")

    def begin_to_put(self, count: int) -> None:
        """The same, up to the first answer; the server may be killed from then on."""
        self._done = self.producer.count("done")
        acknowledged = self.producer.count("acknowledged")
        self.producer.tell(f"put {self.put_so_far} {self.put_so_far + count}")
        _wait_for(self.producer, "acknowledged", acknowledged + 1, "the first of a put")
        self._cut.update(range(self.put_so_far, self.put_so_far + count))
        self.put_so_far += count

    def finish_to_put(self) -> None:
        """Until what was begun is put."""
        _wait_for(self.producer, "done", self._done + 1, "the end of a put")

    def check(self) -> None:
        """End it, and compare what was put, what is on the stream, and what was read."""
        self.producer.end()
        kinesis = self._endpoint.client("kinesis")
        stream = on_the_stream(kinesis, self._stream)
        if self._library.aggregates:
            self._check_aggregates(stream)
            return
        for again in self.producer.told("again"):  # what the library itself has sent twice
            self._cut.update(range(*map(int, again.split())))
        put_once(stream, self.put_so_far, self._cut)
        for role, reader in self.readers.items():
            _wait_for(reader, "read", sum(map(len, stream.values())), f"all by {role}")
            reader.end()
            assert differing(by_key(reader.told("read")), stream) == {}, (self._stream, role)

    def _check_aggregates(self, everything: ByKey) -> None:
        """Every record was read, and none more often than it is on the stream.

        The KPL puts an aggregate again that met a shard it did not expect; the KCL drops of an
        aggregate what does not belong to its shard, as long as it knows the shard's keys.
        Source: https://github.com/awslabs/amazon-kinesis-client, AggregatorUtil.deaggregate
        """
        most = numbers(everything)
        assert sorted(most) == list(range(self.put_so_far))
        for role, reader in self.readers.items():
            reader.wait(lambda reader=reader: set(_read(reader)) == set(most), f"all by {role}")  # type: ignore[misc]
            reader.end()
            assert _read(reader) <= most, (self._stream, role)

    def close(self) -> None:
        """End its processes, however they stand."""
        for program in self._programs:
            program.close()

    def _start(self, command: Sequence[str], role: str) -> Program:
        self._programs.append(Program(command, self._endpoint, role, self._stream))
        return self._programs[-1]


def _read(reader: Program) -> Counter[int]:
    return numbers(by_key(reader.told("read")))


def _wait_for(program: Program, word: str, count: int, what: str) -> None:
    program.wait(lambda: program.count(word) >= count, what)
