-- 構想区域の公式の見込みを、期待される必要量の割合で区・市区町村に分けたもの
-- grain:  unit_code, year
-- needs:  agg_unit_need, ref_units, ref_home_care_demand
-- check:  share_of_area between 0 and 1
-- column: unit_code           text     区・市区町村コード
-- column: municipality_code   text     市区町村コード
-- column: medical_area_code   text     二次医療圏コード
-- column: area_339_code       text     構想区域コード
-- column: year                integer  年度
-- column: expected_need       number   期待される必要量      人/月
-- column: share_of_area       number   構想区域の中の割合
-- column: receipts_per_month  number   構想区域の公式の見込み  件/月
-- column: patients            decimal  分けた需要            人/月
with shared as (
    -- today's use itself is not known below the 構想区域
    select u.unit_code, p.municipality_code, p.medical_area_code, u.area_339_code, u.expected_need, d.year, d.receipts_per_month,
        cast(u.expected_need as double) / cast(sum(u.expected_need) over (partition by u.area_339_code, d.year) as double) as share_of_area
    from agg_unit_need u
    join ref_units p on p.unit_code = u.unit_code
    join ref_home_care_demand d on d.area_339_code = u.area_339_code
)

select unit_code, municipality_code, medical_area_code, area_339_code, year, expected_need, share_of_area, receipts_per_month,
    cast(receipts_per_month * share_of_area as decimal(24, 9)) as patients
from shared
