"""What the service refuses is told in the operator's language, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from api.auth import Role
from tests.auth.site import Site
from tests.ui.made_models import write_gate, write_model
from tests.ui.test_pages import showing

pytestmark = pytest.mark.slow

OURS = re.compile(r"\b(?:AP50|CSV|id|url|name|vendor|cover|rtsp|rtmp|https?|gateway|dance)\b")
"""Names that stay as they are in a Chinese sentence."""


def english(text: str) -> list[str]:
    """Words that an operator in China should not have to read."""
    text = re.sub(r"source_networks\.allowed_networks|the\.\w+", "", OURS.sub("", text))
    return re.findall(r"[A-Za-z]{2,}", text)


@pytest.fixture
def chinese(visit) -> Callable:
    """Opens a page for somebody who reads Chinese."""

    def come(role: Role | None, page: str, name: str = ""):
        visitor = visit(role, name)
        visitor.context.add_init_script("localStorage.setItem('xunjie.language', 'zh')")
        opened = visitor.open(page)
        opened.wait_for_selector("html[lang=zh]")
        return opened

    return come


def toast(page, part: str) -> str:
    return page.locator("#toasts .bad").filter(has_text=part).first.inner_text()


def test_a_wrong_password_and_the_lock_after_it(chinese, past: Site):
    past.access.first_administrator()
    page = chinese(None, "login")
    for _ in range(past.access.config.lock_after_failures):
        page.fill("[name=name]", "admin")
        page.fill("[name=password]", "wrong")
        page.keyboard.press("Enter")
        page.get_by_text("用户名或密码不正确。").wait_for()
    page.keyboard.press("Enter")
    page.get_by_text("失败次数过多，账号已锁定").wait_for()
    told = page.inner_text("[role=alert]")
    assert "15 分钟" in told
    assert english(told) == []


def test_the_bad_rows_of_an_import(chinese, tmp_path: Path):
    table = tmp_path / "import.csv"
    rows = (
        "a,一,push:,119.2,34.6,vendor,10",
        "b,,ftp://192.0.2.7/1,,,,",
        "c,,rtsp://127.0.0.1/1,,,,",
        "d,,push:,34.6,119.2,,",
        "e,,push:,east,34.6,,",
        "f,,push:,,,dance,",
        "g,,push:,,,,0",
        "a,,push:,,,,",
        "h/1,,push:,,,,",
    )
    table.write_text("id,name,url,lon,lat,tasks,interval\n" + "\n".join(rows) + "\n")
    page = chinese(Role.ENGINEER, "cameras")
    page.click("[data-act=import]")
    page.set_input_files("input[type=file]", table)
    page.get_by_text("8 行无法导入").wait_for()
    told = page.locator("ul.faults li").all_inner_texts()
    assert len(told) == len(rows) - 1
    for line, part in zip(
        told,
        (
            "rtsp://",
            "回环地址",
            "写反",
            "不是数字",
            "不认识任务",
            "大于零",
            "第 2 行",
            "不允许的字符",
        ),
        strict=True,
    ):
        assert part in line
        assert set(english(line)) <= {"lon", "lat", "tasks", "interval", "east"}, line


def test_a_table_that_is_none(chinese, tmp_path: Path):
    table = tmp_path / "import.csv"
    table.write_text("name,address\nx,y\n")
    page = chinese(Role.ENGINEER, "cameras")
    page.click("[data-act=import]")
    page.set_input_files("input[type=file]", table)
    page.get_by_text("清单缺少“id”列。").wait_for()


def test_an_address_outside_the_allowed_networks(chinese, past: Site):
    networks = past.service.config.source_networks.model_copy(
        update={"allowed_networks": ("10.20.0.0/16",)}
    )
    past.service.config = past.service.config.model_copy(update={"source_networks": networks})
    page = chinese(Role.ENGINEER, "cameras")
    page.click("[data-act=add]")
    page.fill("[name=id]", "market")
    page.fill("[name=url]", "rtsp://192.0.2.7/1")
    page.click("dialog button.main")
    page.get_by_text("192.0.2.7 不在允许的网段内。").wait_for()
    page.fill("[name=url]", "ftp://10.20.0.1/1")
    page.click("dialog button.main")
    page.get_by_text("地址：地址须以").wait_for()
    assert set(english(page.inner_text("dialog [role=alert]"))) == set()


def test_a_verdict_that_somebody_else_has_given(chinese, past: Site):
    page = chinese(Role.OPERATOR, "review", "li")
    incident = showing(page)
    page.route("**/api/review/beat*", lambda route: route.abort())  # nobody tells it meanwhile
    past.app.state.review.release("li", UUID(incident))
    other = past.signed_in(Role.OPERATOR, "wu")
    answer = {"answer": "rejected", "reason": "van"}
    assert other.post(f"/api/review/{incident}/verdict", json=answer).status_code == 200
    page.keyboard.press("c")
    told = toast(page, "wu")
    assert told == "wu 刚刚审核了该事件：已否决。"


def test_a_field_that_is_too_short_is_named(chinese):
    page = chinese(Role.ADMINISTRATOR, "users")
    page.click("[data-act=add]")
    page.fill("[name=name]", "x")
    page.click("dialog button.main")
    assert toast(page, "名称") == "输入的内容无法使用： 名称：至少 2 个字符。"


def test_what_is_not_permitted_and_who_is_not_there(chinese, past: Site):
    page = chinese(Role.VIEWER, "cases")
    told = page.evaluate(
        """async () => {
          const { call } = await import("/assets/js/api.js");
          const of = (method, path) => call(method, path).catch((error) => error.message);
          return [await of("POST", "/api/review/claim"), await of("GET", "/api/nothing"),
            await of("GET", "/api/cases?limit=0"), await of("GET", "/api/sources/nobody"),
            await of("GET", `/api/cases/${"0".repeat(8)}-0000-0000-0000-${"0".repeat(12)}`)];
        }"""
    )
    assert told[0] == "the.viewer 没有“审核”权限。"
    assert told[1].startswith("没有这个接口")
    assert told[2] == "输入的内容无法使用： 条数：不能小于 1。"
    assert told[3] == "没有编号为 nobody 的点位。"
    assert told[4].startswith("没有这个案件")


def test_the_gates_reasons(chinese, past: Site, tmp_path: Path):
    folder = tmp_path / "models"
    config = past.service.config
    past.service.config = config.model_copy(update={"models_folder": folder})
    write_model(folder / "street", "1")
    write_model(config.candidates / "street-2", "2")
    reason = "cart: AP50 0.400 against 0.570 on the frozen side, difference -0.250 to -0.090"
    write_gate(config.candidates / "street-2", "2", "1", reason)
    page = chinese(Role.ENGINEER, "models")
    told = page.locator("[data-candidate=street-2] p.bad").inner_text()
    assert told == "▼ 推车：冻结图片上AP50 0.400，在用模型为 0.570，差值 -0.250 至 -0.090"
