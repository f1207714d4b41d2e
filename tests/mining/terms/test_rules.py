"""Rules: each default rule on good and bad terms, how rules are joined and overridden, and what is refused."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.mining.terms.rules import (
    Rule,
    RuleSet,
    StatisticsRule,
    begins,
    chinese_rules,
    contains,
    ends,
    pattern,
    words,
)
from zhnlp.mining.terms.scorers import toy_statistics

BAD = {  # rule -> what it must reject
    "no Han character": "Linux GPT-4o C++ 5G アクセス абв 2024",
    "a particle or pronoun inside": "高压的研究 美丽的 地的 完成了 看着我 什么呢 我们 他们的 该公司 其中 这种方法 那个 某甲 哪些地方 此类 在此基础 "
    "其所有 随着 意味着 你方 它们 到此为止 他所",
    "begins with a function word": "和变压器 与电网 及其 或电缆 对于变压器 关于电网 以上规定 不得转让 可以申请 应当依法 根据规定 在本市 向法院 为公司 每个月 "
    "从事经营 将电压 把电线 被电击 已完成 进行检查 有关部门 一个电网 各部门 最新消息 并通知 还应当 再一次 所规定 等部门 本法规定 本条规定 让电压",
    "ends with a function word": "变压器和 电网与 电缆及 绝缘或 规定从 电压将 电流为 位于 设备等 单位等 电网是 应当可以 进行检查和 申请不得 规定进行 电网按照 "
    "负责的单位或者 电压则 监督检查和 目录中将 卫星等 母亲和 部分则 一定则",
    "a number and its measure": "三 第三 第三款 第三条第二款 三年零六个月 十二个月 三年以上 两次 一百万元 几天 数人 〇 十五日 五年以内 三十左右 二十多",
    "one character repeated": "哈哈 天天 年年年",
    "a general word": "问题 情况 重要 因此 如下",
}
GOOD_TERMS = """
    变压器 主变压器 5G基站 IPv6地址 目的 目的地 标的物 有的放矢 的士 的确 未了债务 瓦斯 了解 终了未遂 着陆 着色剂 着火点 附着力 附着物 粘着力
    色素沉着 着丝粒 衣着 穿着 酒吧 网吧 吗啡 吗啉 毛呢 呢绒 喇嘛 自我教育 吉它 排它锁 他人 他国 他项权利 阿托伐他汀 地西他滨 多西他赛 利他行为
    那曲 斯波那契 西地那非 苯那敏 利托那韦 该当性 彼得 和解 和平条约 和声 与会 与门 与非门 及格线 及物动词 或门 但书 因素 因果关系 因式分解
    就业 就诊 每股收益 至尊 使用权 使命 使能端 将军 将领 把关 在线 在建工程 在途 在险价值 从业 从犯 从动轮 从量税 从价税 从重处罚 从给付义务 向量 向导 向上转型
    向下兼容 向斜 为期 被告 被告人 被害人 被子植物 被膜 被执行人 不得已 不要式合同 可能性 已知 并行 并发 并网 并查集 还款 还原 还本付息 再生 再保险 再结晶
    最高人民法院 最小二乘法 最惠国待遇 最坏情况 所有权 所得税 等级 等离子体 等式 等渗溶液 等电点 等势面 是非 让与 让步 给付 给水 给药途径 各向异性 进行性加重
    非常规能源 通过率 根据地 或有负债 或然率 之字形 更年期 每搏输出量 参与 授予 饱和 校验和 平方和 总和 普及 累及 行为 见义勇为 人为 服从 胁从 规则 正则 税则
    右手定则 刑法分则 变更 使用 大使 转让 销售折让 避让 住所 居所 研究所 变电所 配电所 疗养所 少管所 上交所 平等 高等 幂等 恒等 低等 大于 小于 逻辑与 退还 归还
    植被 棉被 麻将 零件 零部件 零日 数位 百部 三七 千瓦 百分比 百分之一 万元户 一元二次方程 三元组 二叉树 第三人 第三方 两栖动物 四合院 七叶树 十二指肠
    星星之火 问题解决 情况说明 要求权 〇九式 㐀㐁 \U00020000\U00020001
"""


# the default set --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BAD)
def test_each_default_rule_rejects_what_it_is_for(name):
    rule = next(rule for rule in chinese_rules() if rule.name == name)
    terms = BAD[name].split()
    kept = [term for term, is_bad in zip(terms, rule.rejects(terms, None)) if not is_bad]
    assert kept == []
    assert all(chinese_rules().verdict(term) for term in terms)


def test_good_terms_pass_all_default_rules():
    rejected = {term: rule for term in GOOD_TERMS.split() if (rule := chinese_rules().verdict(term))}
    assert rejected == {}


def test_every_text_rule_was_tried_and_only_one_reads_statistics():
    reading = [rule.name for rule in chinese_rules() if getattr(rule, "reads_statistics", False)]
    assert reading == ["rarer here than in the reference"]
    assert chinese_rules().names == [*BAD, *reading]


def test_a_candidate_rarer_here_is_rejected_by_its_statistics():
    terms = ["变压器", "绕组", "电网"]
    found = toy_statistics(count=[50, 50, 50], reference_count=[0, 90, 200])
    rules = chinese_rules()
    place = rules.names.index("rarer here than in the reference")
    assert rules.judge(terms, found).tolist() == [-1, -1, place]  # half as frequent is the bound
    assert rules.verdict("电网") is None  # it is passed over where there are no statistics


def test_the_first_reason_wins():
    rules = chinese_rules()
    assert rules.verdict("和其中的或") == "a particle or pronoun inside"
    assert rules.verdict("和变压器或") == "begins with a function word"
    assert rules.names[rules.judge(["三三三"], toy_statistics(count=[9]))[0]] == "a number and its measure"
    turned = RuleSet(list(rules)[::-1])
    assert turned.verdict("和变压器或") == "ends with a function word"


texts = st.lists(
    st.text(st.sampled_from("的我和与等三年哈变压器目标在线A5，\U00020000"), max_size=6), max_size=12
)


@settings(max_examples=100, deadline=None)
@given(texts)
def test_judging_is_the_same_every_time_alone_and_together(terms):
    statistics = toy_statistics(count=[9] * len(terms), reference_count=[0] * len(terms))
    rules = chinese_rules()
    found = rules.judge(terms, statistics)
    assert found.shape == (len(terms),) and found.dtype == np.int64
    np.testing.assert_array_equal(found, rules.judge(terms, statistics))
    np.testing.assert_array_equal(found[::-1], rules.judge(terms[::-1], statistics))
    for term, place in zip(terms, found.tolist()):
        assert rules.verdict(term) == (rules.names[place] if place >= 0 else None)
        firsts = [i for i, rule in enumerate(list(rules)[:-1]) if rule.rejects([term], None)[0]]
        assert place == (firsts[0] if firsts else -1)


@pytest.mark.parametrize(
    "text", ["一" * 5000 + "网", "第" * 5000, "第一" * 5000 + "网", "以上" * 5000, "的" * 5000]
)
def test_long_texts_are_judged_at_once(text):
    start = time.process_time()
    chinese_rules().verdict(text)
    assert time.process_time() - start < 1


def test_no_candidates_and_no_rules():
    assert chinese_rules().judge([], toy_statistics(count=[])).tolist() == []
    assert RuleSet().judge(["电网", "的"]).tolist() == [-1, -1]
    assert RuleSet().verdict("的") is None and len(RuleSet()) == 0


# making rules -----------------------------------------------------------------------------------------------


def test_kinds_of_rules():
    terms = ["公司法", "法公司", "公法司", "a.b", "axb"]
    assert contains("c", "法x").rejects(terms, None).tolist() == [True, True, True, False, True]
    assert contains("c", ["公司", "."]).rejects(terms, None).tolist() == [True, True, False, True, False]
    assert begins("b", "公").rejects(terms, None).tolist() == [True, False, True, False, False]
    assert begins("b", "公", unless=["公司"]).rejects(terms, None).tolist() == [
        False,
        False,
        True,
        *[False] * 2,
    ]
    assert ends("e", ["司", "法"]).rejects(terms, None).tolist() == [True, True, True, False, False]
    assert ends("e", "司法", unless=["公司"]).rejects(terms, None).tolist() == [
        True,
        False,
        True,
        *[False] * 2,
    ]
    assert pattern("p", "^a.b$").rejects(terms, None).tolist() == [False] * 3 + [True] * 2
    assert words("w", "公司法").rejects(terms, None).tolist() == [True] + [False] * 4
    assert words("w", ["axb", "公法司"]).rejects(terms, None).tolist() == [False, False, True, False, True]


def test_a_rule_may_read_statistics_and_give_an_array():
    rare = StatisticsRule("rare", lambda terms, statistics: statistics.count < 5)
    found = RuleSet([rare]).judge(["电网", "电站"], toy_statistics(count=[4, 5]))
    assert found.tolist() == [0, -1]


def test_sets_are_changed_without_changing_the_default():
    before = chinese_rules().names
    without = chinese_rules().without("a general word", "no Han character")
    assert without.verdict("Linux") is None and without.verdict("问题") is None
    more = chinese_rules() + ends("ends in 公司", ["公司"])
    assert more.verdict("电网公司") == "ends in 公司" and len(more) == len(before) + 1
    both = RuleSet([words("one", ["甲"])]) + RuleSet([words("two", ["乙"])])
    assert both.names == ["one", "two"]
    own = chinese_rules().replaced(words("a general word", ["变压器"]))
    assert own.verdict("变压器") == "a general word" and own.verdict("问题") is None
    assert own.names == before == chinese_rules().names


# refusals ---------------------------------------------------------------------------------------------------


def test_what_is_no_rule_is_refused():
    with pytest.raises(TypeError, match="got a str: expected Rule objects"):
        RuleSet(["的"])
    with pytest.raises(ValueError, match="two rules are called 'a'"):
        RuleSet([words("a", ["甲"]), words("a", ["乙"])])
    with pytest.raises(ValueError, match="two rules are called 'a general word'"):
        chinese_rules() + words("a general word", ["甲"])


@pytest.mark.parametrize("make", [begins, ends, contains, words])
@pytest.mark.parametrize("parts", ["", [], [""], ["甲", ""], [None], [3]])
def test_empty_parts_are_refused(make, parts):
    with pytest.raises(ValueError, match=r"rule 'x' has the parts .*: expected texts that are not empty"):
        make("x", parts)


def test_unknown_names_and_bad_expressions_are_refused():
    for change in (lambda r: r.without("的"), lambda r: r.replaced(words("的", ["甲"]))):
        with pytest.raises(KeyError, match="no rule is called '的': expected one of"):
            change(chinese_rules())
    with pytest.raises(ValueError, match=r"rule 'p' has the expression '\(', which is not valid"):
        pattern("p", "(")


@pytest.mark.parametrize("answers", [[True], [True] * 3, [[True, False]], True])
def test_a_rule_that_answers_for_others_is_refused(answers):
    rule = Rule("odd", lambda terms, statistics: answers)
    with pytest.raises(ValueError, match="rule 'odd'"):
        RuleSet([rule]).judge(["电网", "电站"])
