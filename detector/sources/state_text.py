"""What a source says of itself, in Chinese: why it is down, stalled or blind. Addresses, and what
libraries say, stay as they are."""

from __future__ import annotations

import re
from typing import Final

_PHRASES: Final = tuple(
    (re.compile(pattern), text)
    for pattern, text in (
        # The connection.
        (r"^opening$", "正在打开"),
        (r"^asking for the first picture$", "正在请求第一张图片"),
        (r"^stopped$", "已停止"),
        (r"timed out, the address does not answer", "超时，该地址无应答"),
        (r"connection refused, nothing listens on port (\d+)", r"连接被拒绝，端口 \1 没有服务"),
        (r"name or service not known", "查不到该主机名"),
        (r"wrong user name or password", "用户名或密码不正确"),
        (r"wants a user name and a password, or an API key", "需要用户名和密码，或 API 密钥"),
        (r"the secret is refused", "密钥被拒绝"),
        (r"cannot be reached", "无法连接"),
        (r"cannot be opened", "无法打开"),
        (r"cannot be read", "无法读取"),
        # The stream or picture.
        (r"nothing (?:of it )?can be decoded", "无法解码"),
        (r"nothing comes any more", "不再有数据"),
        (r"no keyframe came during the visit", "访问期间没有收到关键帧"),
        (r"holds no video", "没有视频"),
        (r"the stream ended", "视频流已结束"),
        (r"played to its end", "已播完"),
        (r"broke off", "中断"),
        (r"answered (\d+) without a picture", r"应答 \1，没有图片"),
        (r"answered (\d+)", r"应答 \1"),
        (r"the picture is larger than allowed", "图片超过允许的大小"),
        (r"the picture took too long", "图片传输时间过长"),
        (r"cut short, its end is missing", "图片不完整，缺少末尾"),
        (r"not a readable JPEG, PNG, WebP or BMP picture", "不是可读取的图片"),
        (r"cannot be decoded", "无法解码"),
        # The look.
        (r"99 % of the picture is no brighter than level (\S+)", r"画面 99 % 的亮度不超过 \1"),
        (r"(\d+%) of the picture is white", r"画面 \1 为白色"),
        (r"the picture is one even tone, nothing can be made out", "画面一片均匀，看不出内容"),
        (r"the picture has not changed for (\d+) s", r"画面已有 \1 秒没有变化"),
        (r"edges are ([\d.]+) px wide at (\d+) px", r"\2 像素宽时边缘宽 \1 像素"),
        (r"the view differs from its reference for (\d+) s", r"视角偏离基准已有 \1 秒"),
    )
)


def state_zh(text: str) -> str:
    """Such as "rtsp://10.0.0.1: 超时，该地址无应答"."""
    for pattern, chinese in _PHRASES:
        text = pattern.sub(chinese, text)
    return text
