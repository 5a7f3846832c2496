"""A camera for the tests: GStreamer's RTSP server. Run by the system's Python, which has its
bindings (Debian: gir1.2-gst-rtsp-server-1.0, python3-gi, gstreamer1.0-plugins-good and -ugly).

Prints "ready" once it listens. Commands on standard input: `size WIDTH HEIGHT`, `mount`.
"""

from __future__ import annotations

import argparse
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

CODECS = {
    "h264": "x264enc tune=zerolatency speed-preset=ultrafast key-int-max={keys} bitrate=400 "
    "sliced-threads={sliced} "
    "! rtph264pay name=pay0 pt=96 config-interval=-1",
    "jpeg": "jpegenc ! rtpjpegpay name=pay0 pt=26",
}
RAW = "video/x-raw,format=I420,width={},height={},framerate=10/1"


def guarded(server, factory, user, password):
    """Lets in only that user."""
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    auth.add_digest(user, password, token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role("viewer", "media.factory.access", True)
    permissions.add_permission_for_role("viewer", "media.factory.construct", True)
    factory.set_permissions(permissions)


def obey(caps_filters, mounts, factory):
    for line in sys.stdin:
        words = line.split()
        if words[:1] == ["mount"]:
            GLib.idle_add(mounts.add_factory, "/cam", factory)
        elif words[:1] == ["size"]:
            caps = Gst.Caps.from_string(RAW.format(*words[1:3]))
            for element in caps_filters:
                GLib.idle_add(element.set_property, "caps", caps)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("port")
    parser.add_argument("--codec", choices=CODECS, default="h264")
    parser.add_argument("--keys", type=int, default=10)
    parser.add_argument("--sliced", action="store_true", help="keyframes in several packets")
    parser.add_argument("--user")
    parser.add_argument("--password")
    parser.add_argument("--unmounted", action="store_true")
    options = parser.parse_args()
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(options.port)
    factory, caps_filters = GstRtspServer.RTSPMediaFactory(), []
    codec = CODECS[options.codec].format(keys=options.keys, sliced=str(options.sliced).lower())
    factory.set_launch(
        "( videotestsrc is-live=true pattern=ball ! capsfilter name=raw caps="
        f"{RAW.format(320, 240)} ! {codec} )"
    )
    factory.set_shared(True)
    factory.connect(
        "media-configure",
        lambda _, media: caps_filters.append(media.get_element().get_by_name("raw")),
    )
    if options.user:
        guarded(server, factory, options.user, options.password)
    if not options.unmounted:
        server.get_mount_points().add_factory("/cam", factory)
    if not server.attach(None):
        sys.exit(f"port {options.port} is taken")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    threading.Thread(
        target=obey, args=(caps_filters, server.get_mount_points(), factory), daemon=True
    ).start()
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()
