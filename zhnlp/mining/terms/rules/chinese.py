"""The default rules for Chinese: what cannot be a term of any profession.

Post 6540 lists some 300 characters, beginnings and endings by hand for power grids; many of them (人, 法, 局, 管理)
end good terms of other domains.  These rules keep to what is wrong everywhere: particles, pronouns, function words at
an end, numerals with their measure words, general words.  The exceptions are words, not fragments: 目的, 在线, 并行.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from zhnlp.mining.terms.rules.base import (
    Rule,
    RuleSet,
    StatisticsRule,
    begins,
    ends,
    pattern,
    words,
)

# A particle or a pronoun, unless it is part of one of the words behind or before it.
_INSIDE = (
    r"(?<![目标有])的(?![士确卡])|地的|(?<![瓦未终])了(?![解结断却])"
    r"|(?<![附粘黏沉衣穿胶吸])着(?![陆色装力重手火床丝地眼])"
    r"|吗(?![啡啉丁替])|(?<![毛花])呢(?![绒料])|(?<![酒网氧])吧|(?<!喇)嘛|[啊呀哦]|(?<!自)我|[你您她们]"
    r"|(?<![其吉排])它|(?<![其吉利排])他(?![人项国汀滨赛莫克唑啶胺林])|这|那(?![曲不霉普雄格他韦唑敏啶卡非肽契])"
    r"|哪|某|该(?!当)|此(?!外)|彼(?!得)|其(?=[所余中实])"
)
_FIRST = """
    和 与 及 或 但 且 因 就 也 又 很 较 之 每 若 则 至 使 将 把 于 在 从 向 对于 关于 由于 以及 以上 以下 以内 为了 为 被
    不得 不能 不是 不会 不要 没有 可以 可能 应当 应该 必须 能够 已 正在 如果 如何 例如 比如 按照 根据 依照 依据 经过 通过 并
    还 再 更 最 所 等 是 让 给 各 有关 其他 其它 其中 任何 什么 怎么 怎样 非常 十分 一个 一种 一些 进行 进一步 一定 本条 本款
    本法 本章 本细 本规 本办 本省 本市 本县 本文 本节 本级 本行政
"""
_FIRST_SPARED = """
    和解 和谐 和平 与会 及格 或门 或非 或运算 但书 因素 因果 因子 因数 因特网 就业 就诊 就医 就近 就绪 就读 很多 较量
    每股 则天 至上 至少 至尊 使用 使馆 使命 使领 将军 将来 把关 把手 于是 在线 在职 在校 在建 在途 在逃 在押 在岗 在编
    在野 在籍 在保 在库 在产 在册 在研 在役 在读 从业 从属 从犯 从站 从库 从化 从机 从表 从句 从军 向量 向导 向日葵
    向心 向性 为期 被告 被害 被申 被执 被保 被上诉 被选 被继 被监 被代 被处 被子 被动 被征 被褥 被调 被审 被检 被拆
    被担 被辩 被侵 被辅 被测 被除 被减 被加 被覆 不得已 可能性 已知 并行 并发 并集 并网 并购 并联 并列 并轨 并入 并案
    并存 并表 还款 还原 还贷 还债 还乡 还田 还林 还建 再生 再审 再保 再循环 再版 再融资 再制造 再就业 再担保 再贴现
    再教育 再分配 再入 再造 再热 再投资 更新 更年期 更改 更换 更名 更衣 最高 最低 最大 最小 最优 最近 最惠 最短 最终
    最长 最佳 最密 最简 最强 最速 最初 最后 所有 所得 所属 所在 等级 等价 等额 等待 等离子 等式 等边 等温 等号 等效
    等比 等分 等同 等距 等压 等值 等高 等位 等长 等腰 等候 等差 等深 等幅 是否 是非 让与 让步 让渡 让利 给付 给水
    给排水 给料 给药 给养 给定 给氧 给电 给油 各向 最值 并查 并差 并苯 并重组 与运算 与非 与门 因式 因变 从动 从重
    从轻 从债 从给付 从权利 从义务 从价 从量 从法律 从民事 向斜 向上转型 向下转型 向上兼容 向下兼容 等渗 等电 等势
    等速 等加速 等厚 等时 等角 等量 等熵 等焓 等张 再结晶 再工程 再植 再现 再犯 再入院 还本 还价 被膜 被盗 被套 被乘
    被囊 被盖 被试 被诉 使能 使节 使徒 将领 将官 和声 和弦 和约 和校验 让售 让路 让予 在险 在轨 在岸 在位 不要式
    不能犯 进行性 进行曲 非常规 非常任 非常态 非常诉讼 非常损失 通过率 通过量 就职 就餐 就位 及物 每搏 之字 或然 已决
    已婚 给煤 更年 根据地 最坏 最少 或有负债 或有事项 或有资产 或有要求
"""
_LAST = """
    和 与 及 或 而 但 且 从 把 被 将 为 于 若 则 就 也 还 又 很 更 最 较 之 是 使 让 每 各 所 其 些 或者 应当 可以 不得 不能
    没有 进行 通过 按照 根据 依照 等
"""
_LAST_SPARED = """
    参与 让与 授予 赠与 给与 饱和 中和 调和 共和 温和 缓和 总和 求和 普及 涉及 行为 人为 作为 服从 随从 主从 规则 法则 原则
    细则 通则 附则 总则 准则 守则 罚则 否则 成就 造就 变更 比较 使用 行使 驱使 指使 大使 天使 特使 公使 信使 转让 出让
    受让 割让 礼让 会所 场所 处所 厕所 住所 寓所 诊所 交易所 研究所 事务所 看守所 派出所 戒毒所 拘留所 检验所 监理所
    招待所 卫生所 托儿所 收容所 检定所 合作所 管理所 监测所 司法所 财政所 税务所 平等 同等 高等 中等 初等 对等 均等
    相等 优等 劣等 上等 下等 特等 头等 一等 二等 三等 不等 大于 小于 等于 低于 高于 归属 与或 异或 位与 位或 逻辑与
    逻辑或 退还 归还 偿还 返还 发还 送还 索还 交还 生还 国是 植被 花被 棉被 正则 税则 简则 校验和 加权和 平方和 本利和
    拌和 混和 幂等 恒等 低等 变电所 配电所 供电所 少管所 车管所 劳教所 居所 哨所 避难所 庇护所 救护所 营业所 储蓄所
    医务所 指挥所 拖把 麻将 勇为 授与 折让 避让 互让 差使 唆使 迁就 胁从 侍从 累及 埃及 赔还 清还 行不能 付不能 后不能
    始不能 深交所 上交所 证交所 港交所 金交所 联交所 大商所 郑商所 教养所 疗养所 收养所 婚姻登记所 乡公所 镇公所
    村公所 手定则 法分则
"""
_NUMBER = (
    r"^(?!零部?件$|零[日位]$|数位$|百部$|三七$|第三人$)第?[零〇一二三四五六七八九十百千万亿两几数]"
    r"(?:[零〇一二三四五六七八九十百千万亿两几数]|[个条款项章节种次年月日天名人份元周倍位件张本部]"
    r"|第(?=[一二三四五六七八九十百千])|以上|以下|以内|左右|多)*$"
)
_GENERAL = """
    问题 情况 方面 时候 过程 工作 结果 原因 内容 方式 作用 意义 要求 需要 事项 活动 规定 有关 相关 进行 其他 可以 能够 一般 主要 重要
    不同 具体 比较 必要 全部 部分 各种 许多 多种 目前 现在 今天 以后 以前 之后 之前 时间 地方 东西 事情 同时 另外 此外 因此 所以 虽然
    但是 然后 开始 结束 继续 完全 直接 非常 特别 容易 简单 复杂 可能 必须 提高 加强 增加 减少 提供 完成 建立 包括 存在 发现 认为 表示
    指出 介绍 文中 本文 图中 表中 如下 如图
"""
RARER = -np.log(2.0)  # contrast below which a candidate is rarer here than in the reference


def _without_han(terms, _):
    return [
        not any("\u3400" <= letter <= "\u9fff" or letter >= "\U00020000" or letter == "〇" for letter in term)
        for term in terms
    ]


@cache
def chinese_rules() -> RuleSet:
    """The default rules, in the order in which they are asked.

    Example:
        >>> rules = chinese_rules()
        >>> [rules.verdict(text) for text in ("高压的研究", "对于变压器", "第三款", "目的地", "Linux")]
        ['a particle or pronoun inside', 'begins with a function word', 'a number and its measure', None, 'no Han character']
    """
    return RuleSet(
        [
            Rule("no Han character", _without_han),
            pattern("a particle or pronoun inside", _INSIDE),
            begins("begins with a function word", _FIRST.split(), unless=_FIRST_SPARED.split()),
            ends("ends with a function word", _LAST.split(), unless=_LAST_SPARED.split()),
            pattern("a number and its measure", _NUMBER),
            pattern("one character repeated", r"^(.)\1+$"),
            words("a general word", _GENERAL.split()),
            StatisticsRule(
                "rarer here than in the reference", lambda _, statistics: statistics.contrast < RARER
            ),
        ]
    )
