"""What it costs to stay connected to a camera: each keyframe decoded, or only those looked at.

    python -m tests.benchmarks.keyframes [--interval-s 10] [--rounds 5]

A rendered 1080p H.264 clip of 50 s with a keyframe every 2 s, read as fast as it goes; a look at
the newest picture every interval of its own time. Core-milliseconds a look, both ways taking turns,
reading of the packets included. The first interval, in which the spacing of keyframes is found out
and every picture decoded, does not count.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import av

from detector.sources.decoder import Decoder
from detector.sources.keyframe import Keyframe
from tests.benchmarks.street_clip import write_clip


def core_ms_a_look(clip: Path, interval_s: float, put_off: bool) -> float:
    began_s, looks, next_s, newest = 0.0, 0, interval_s, None
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        decoder = Decoder(
            stream, enough_s=interval_s / 2, newest_first=True, lag=None, put_off=put_off
        )
        for packet in container.demux(stream):
            if packet.dts is None:
                continue
            at_s = float(packet.dts * packet.time_base)
            newest = next(reversed(decoder.pictures(packet, at_s, at_s)), newest)
            if at_s < next_s or newest is None:
                continue
            picture = newest.picture() if isinstance(newest, Keyframe) else newest
            assert picture is not None
            began_s = began_s or time.process_time()
            looks, next_s = looks + 1, next_s + interval_s
    return (time.process_time() - began_s) * 1000 / (looks - 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--interval-s", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clip = write_clip(Path(folder) / "street.mp4", seconds=50)
        rounds = [
            [core_ms_a_look(clip, args.interval_s, put_off) for put_off in (False, True)]
            for _ in range(args.rounds)
        ]
    each, looked_at = (statistics.median(column) for column in zip(*rounds, strict=True))
    result = {"each keyframe": each, "those looked at": looked_at, "ratio": each / looked_at}
    print(json.dumps({name: round(value, 1) for name, value in result.items()}))


if __name__ == "__main__":
    main()
