"""Real servers on the loopback address, and a bad line in front of them."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import socket
import struct
import subprocess
import threading
import time
from fractions import Fraction
from pathlib import Path

import av
from making import picture

SYSTEM_PYTHON = "/usr/bin/python3"
NGINX_RTMP = Path("/usr/lib/nginx/modules/ngx_rtmp_module.so")
_BINDINGS = "import gi; gi.require_version('GstRtspServer', '1.0'); " + (
    "gi.require_version('Gst', '1.0'); from gi.repository import Gst, GstRtspServer; "
    "Gst.init(None); assert Gst.ElementFactory.find('x264enc')"
)


def no_rtsp_server():
    """Why GStreamer's RTSP server cannot be used here, or None."""
    if not Path(SYSTEM_PYTHON).exists():
        return f"{SYSTEM_PYTHON} is absent"
    asked = subprocess.run([SYSTEM_PYTHON, "-c", _BINDINGS], capture_output=True, check=False)
    if asked.returncode:
        return "GStreamer's RTSP server is absent (apt: gir1.2-gst-rtsp-server-1.0 python3-gi …)"
    return None


def no_nginx():
    if shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin") is None or not NGINX_RTMP.exists():
        return "nginx with RTMP is absent (apt: nginx-light libnginx-mod-rtmp)"
    return None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class RtspCamera:
    """GStreamer's server in a process of its own, on one port across restarts."""

    def __init__(self, *options, port=None):
        self.port, self._process = port or free_port(), None
        self.start(*options)

    def start(self, *options):
        script = Path(__file__).with_name("rtsp_camera.py")
        self._process = subprocess.Popen(
            [SYSTEM_PYTHON, str(script), str(self.port), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout.readline() == "ready\n"

    def say(self, command):
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()

    def stop(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process.stdin.close()
            self._process.stdout.close()
            self._process = None

    def url(self, port=None, user=""):
        return f"rtsp://{user}127.0.0.1:{port or self.port}/cam"


class BadLine:
    """Forwards TCP, and spoils what the server sends: as RTSP messages and its binary frames."""

    def __init__(self, target_port):
        self._target = target_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.flowing = threading.Event()
        self.flowing.set()
        self.garble = 0.0  # share of the bytes of each frame
        self.ahead_s = 0  # added to the stream's times
        self._random = random.Random(1)
        self._open = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.flowing.set()
        self._listener.close()
        self.cut()

    def cut(self):
        for one in self._open:
            with_shutdown(one)
        self._open.clear()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._target), 5)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            self._open += [client, server]
            threading.Thread(target=self._forth, args=(client, server), daemon=True).start()
            threading.Thread(target=self._back, args=(server, client), daemon=True).start()

    def _forth(self, client, server):
        try:
            while data := client.recv(65536):
                server.sendall(data)
        except OSError:
            pass
        with_shutdown(server)
        client.close()

    def _back(self, server, client):
        waiting = b""
        try:
            while data := server.recv(65536):
                waiting += data
                while unit := _unit(waiting):
                    waiting = waiting[len(unit) :]
                    self.flowing.wait(60)
                    client.sendall(self._spoilt(unit))
        except OSError:
            pass
        with_shutdown(client)
        server.close()

    def _spoilt(self, unit):
        if unit[:1] != b"$" or unit[1] % 2:
            return unit
        spoilt = bytearray(unit)
        if self.ahead_s:
            ticks = struct.unpack_from(">I", spoilt, 8)[0] + self.ahead_s * 90_000
            struct.pack_into(">I", spoilt, 8, ticks % 2**32)
        for _ in range(round(self.garble * len(spoilt))):
            spoilt[self._random.randrange(16, len(spoilt))] = self._random.randrange(256)
        return bytes(spoilt)


def _unit(data):
    """The first whole RTSP answer or binary frame; empty if it has not come yet."""
    if data[:1] == b"$":
        size = 4 + struct.unpack_from(">H", data, 2)[0] if len(data) >= 4 else len(data) + 1
        return data[:size] if len(data) >= size else b""
    head, end, _ = data.partition(b"\r\n\r\n")
    if not end:
        return b""
    size = len(head) + 4
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            size += int(line.split(b":")[1])
    return data[:size] if len(data) >= size else b""


def with_shutdown(one):
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()


class Nginx:
    """nginx taking RTMP and offering it as RTMP and HLS, one and the same across restarts."""

    def __init__(self, folder, flv_port):
        self.folder, self.rtmp_port, self.http_port = folder, free_port(), free_port()
        (folder / "hls").mkdir(parents=True)
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(f"""
            load_module {NGINX_RTMP};
            {user} daemon off; worker_processes 1;
            pid {folder}/nginx.pid; error_log {folder}/error.log;
            events {{ worker_connections 64; }}
            rtmp {{ server {{ listen 127.0.0.1:{self.rtmp_port}; chunk_size 4096;
              application live {{ live on; drop_idle_publisher 3s; hls on; hls_path {folder}/hls;
                hls_fragment 1s; hls_playlist_length 5s; hls_cleanup off; }} }} }}
            http {{ access_log off;
              client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2;
              fastcgi_temp_path {folder}/t3; uwsgi_temp_path {folder}/t4;
              scgi_temp_path {folder}/t5;
              server {{ listen 127.0.0.1:{self.http_port};
                location /hls {{ root {folder}; types {{ application/vnd.apple.mpegurl m3u8;
                  video/mp2t ts; }} add_header Cache-Control no-cache; }}
                location /flv {{ proxy_pass http://127.0.0.1:{flv_port}; proxy_buffering off;
                  proxy_read_timeout 60s; }} }} }}
        """)
        self._process = None
        self.start()

    def start(self):
        nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin")
        self._process = subprocess.Popen(
            [nginx, "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")],
            stderr=subprocess.DEVNULL,
        )
        end_s = time.monotonic() + 10
        while time.monotonic() < end_s:
            try:
                socket.create_connection(("127.0.0.1", self.http_port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError((self.folder / "error.log").read_text())

    def stop(self):
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None


class Publisher:
    """A camera that sends a stream somewhere, at its own pace, until stopped."""

    def __init__(self, out, format_name, size=(320, 240), fps=10):
        self._out, self._format, self._size, self._fps = out, format_name, size, fps
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self):
        self._stop.set()
        self._thread.join(10)

    def _run(self):
        try:
            self._publish()
        except (av.FFmpegError, OSError):
            return  # the server or the reader has gone

    def _publish(self):
        width, height = self._size
        with av.open(self._out, "w", format=self._format) as out:
            stream = out.add_stream("libx264", rate=self._fps)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            stream.codec_context.gop_size = self._fps
            stream.options = {"preset": "ultrafast", "tune": "zerolatency"}
            began_s, index = time.monotonic(), 0
            while not self._stop.is_set():
                image = picture(1, width, height)
                image[:, : 1 + index % width] = 200
                frame = av.VideoFrame.from_ndarray(image, format="bgr24")
                frame.pts, frame.time_base = index, Fraction(1, self._fps)
                out.mux(stream.encode(frame))
                index += 1
                self._stop.wait(max(0, began_s + index / self._fps - time.monotonic()))
