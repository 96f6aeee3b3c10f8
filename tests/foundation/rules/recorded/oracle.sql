-- {"and":[{">":[{"var":"revenue"},1000]},{"<":[{"var":"visits"},30]}]}
SELECT customer_id FROM customers WHERE revenue > CAST(:param_1 AS NUMERIC(14, 2)) AND visits < :param_2
-- param_1 = Decimal('1000')
-- param_2 = 30

-- {"!":[{"<":[{"var":"visits"},30]}]}
SELECT customer_id FROM customers WHERE (CASE WHEN (visits < :param_1) THEN 1 ELSE 0 END != 1)
-- param_1 = 30

-- {"and":[{">":[{"var":"visits"},2.5]},{"<":[{"var":"revenue"},0.005]},{"!=":[{"var":"visits"},0.5]}]}
SELECT customer_id FROM customers WHERE visits > :param_1 AND revenue <= CAST(:param_2 AS NUMERIC(1, 0))
-- param_1 = 2
-- param_2 = Decimal('0.00')

-- {"==":[{"var":"has_app"},true]}
SELECT customer_id FROM customers WHERE has_app = 1

-- {"!":[{"var":"has_app"}]}
SELECT customer_id FROM customers WHERE (CASE WHEN (has_app = 1) THEN 1 ELSE 0 END != 1)

-- {"or":[{"var":"has_app"},{"missing":["city","visits"]}]}
SELECT customer_id FROM customers WHERE has_app = 1 OR city IS NULL OR visits IS NULL

-- {"==":[{"var":"city"},""]}
SELECT customer_id FROM customers WHERE 0 = 1

-- {"!=":[{"var":"city"},""]}
SELECT customer_id FROM customers WHERE (0 != 1)

-- {"!=":[{"var":"city"},"Oslo"]}
SELECT customer_id FROM customers WHERE (CASE WHEN (city = :param_1) THEN 1 ELSE 0 END != 1)
-- param_1 = 'Oslo'

-- {"in":[{"var":"city"},["Oslo","",null]]}
SELECT customer_id FROM customers WHERE city IS NULL OR city IN (:param_1)
-- param_1 = 'Oslo'

-- {"==":[{"var":"city"},"'; DROP TABLE customers; --"]}
SELECT customer_id FROM customers WHERE city = :param_1
-- param_1 = "'; DROP TABLE customers; --"

-- {"<":[{"var":"city"},"b"]}
SELECT customer_id FROM customers WHERE nlssort(city, 'NLS_SORT=BINARY') < nlssort(:param_1, 'NLS_SORT=BINARY')
-- param_1 = 'b'

-- {">=":[{"var":"city"},""]}
SELECT customer_id FROM customers WHERE city IS NOT NULL

-- {"starts_with":[{"var":"city"},"O"]}
SELECT customer_id FROM customers WHERE substr(city, :substr_1, length(:param_1)) = :param_2
-- substr_1 = 1
-- param_1 = 'O'
-- param_2 = 'O'

-- {"starts_with":[{"var":"city"},""]}
SELECT customer_id FROM customers WHERE city IS NOT NULL

-- {"ends_with":[{"var":"city"},"o"]}
SELECT customer_id FROM customers WHERE substr(city, -length(:param_1)) = :param_2
-- param_1 = 'o'
-- param_2 = 'o'

-- {"in":["sl",{"var":"city"}]}
SELECT customer_id FROM customers WHERE city IS NOT NULL AND instr(city, :param_1) > :instr_1
-- param_1 = 'sl'
-- instr_1 = 0

-- {"==":[{"substr":[{"var":"city"},0,3]},"Osl"]}
SELECT customer_id FROM customers WHERE substr(city, :param_1 + :param_2, CASE WHEN (:param_3 >= :param_4) THEN least(:param_5, greatest(length(city) - :param_6, :greatest_1)) ELSE greatest(greatest(length(city) - :param_6, :greatest_1) + :param_7, :greatest_2) END) = :param_8
-- param_1 = 0
-- param_2 = 1
-- param_3 = 3
-- param_4 = 0
-- param_5 = 3
-- param_6 = 0
-- greatest_1 = 0
-- param_7 = 3
-- greatest_2 = 0
-- param_8 = 'Osl'

-- {"==":[{"substr":[{"var":"city"},{"var":"visits"}]},{"var":"plan"}]}
-- refused: substr at /==/0 cannot be run over a set of customers: Oracle does not tell an empty text from an unknown one.

-- {"==":[{"lower":[{"trim":[{"var":"city"}]}]},"oslo"]}
SELECT customer_id FROM customers WHERE translate(trim(city), :param_1, :param_2) = :param_3
-- param_1 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞĀĂĄĆĈĊČĎĐĒĔĖĘĚĜĞĠĢĤĦĨĪĬĮĲĴĶĹĻĽĿŁŃŅŇŊŌŎŐŒŔŖŘŚŜŞŠŢŤŦŨŪŬŮŰŲŴŶŸŹŻŽƁƂƄƆƇƉƊƋƎƏƐƑƓƔƖƗƘƜƝƟƠƢƤƦƧƩƬƮƯƱƲƳƵƷƸƼǄǇǊǍǏǑǓǕǗǙǛǞǠǢǤǦǨǪǬǮǱǴǶǷǸǺǼǾȀȂȄȆȈȊȌȎȐȒȔȖȘȚȜȞȠȢȤȦȨȪȬȮȰȲȺȻȽȾɁɃɄɅɆɈɊɌɎͰͲͶͿΆΈΉΊΌΎΏΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩΪΫϏϘϚϜϞϠϢϤϦϨϪϬϮϷϹϺϽϾϿЀЁЂЃЄЅІЇЈЉЊЋЌЍЎЏАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯѠѢѤѦѨѪѬѮѰѲѴѶѸѺѼѾҀҊҌҎҐҒҔҖҘҚҜҞҠҢҤҦҨҪҬҮҰҲҴҶҸҺҼҾӀӁӃӅӇӉӋӍӐӒӔӖӘӚӜӞӠӢӤӦӨӪӬӮӰӲӴӶӸӺӼӾԀԂԄԆԈԊԌԎԐԒԔԖԘԚԜԞԠԢԤԦԨԪԬԮԱԲԳԴԵԶԷԸԹԺԻԼԽԾԿՀՁՂՃՄՅՆՇՈՉՊՋՌՍՎՏՐՑՒՓՔՕՖ'
-- param_2 = 'abcdefghijklmnopqrstuvwxyzàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþāăąćĉċčďđēĕėęěĝğġģĥħĩīĭįĳĵķĺļľŀłńņňŋōŏőœŕŗřśŝşšţťŧũūŭůűųŵŷÿźżžɓƃƅɔƈɖɗƌǝəɛƒɠɣɩɨƙɯɲɵơƣƥʀƨʃƭʈưʊʋƴƶʒƹƽǆǉǌǎǐǒǔǖǘǚǜǟǡǣǥǧǩǫǭǯǳǵƕƿǹǻǽǿȁȃȅȇȉȋȍȏȑȓȕȗșțȝȟƞȣȥȧȩȫȭȯȱȳⱥȼƚⱦɂƀʉʌɇɉɋɍɏͱͳͷϳάέήίόύώαβγδεζηθικλμνξοπρστυφχψωϊϋϗϙϛϝϟϡϣϥϧϩϫϭϯϸϲϻͻͼͽѐёђѓєѕіїјљњћќѝўџабвгдежзийклмнопрстуфхцчшщъыьэюяѡѣѥѧѩѫѭѯѱѳѵѷѹѻѽѿҁҋҍҏґғҕҗҙқҝҟҡңҥҧҩҫҭүұҳҵҷҹһҽҿӏӂӄӆӈӊӌӎӑӓӕӗәӛӝӟӡӣӥӧөӫӭӯӱӳӵӷӹӻӽӿԁԃԅԇԉԋԍԏԑԓԕԗԙԛԝԟԡԣԥԧԩԫԭԯաբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆ'
-- param_3 = 'oslo'

-- {">":[{"length":[{"var":"city"}]},3]}
SELECT customer_id FROM customers WHERE CAST(length(city) AS NUMERIC(18, 0)) > CAST(:param_1 AS NUMERIC(18, 0))
-- param_1 = Decimal('3')

-- {"==":[{"cat":[{"var":"city"},"-",{"var":"revenue"},{"var":"has_app"}]},"a-1.5true"]}
SELECT customer_id FROM customers WHERE (((city || :param_1) || rtrim(to_char(revenue, :param_2), :rtrim_1)) || CASE WHEN (has_app IS NULL) THEN NULL WHEN (has_app = 1) THEN :param_3 ELSE :param_4 END) = :param_5
-- param_1 = '-'
-- param_2 = 'FM999999999990.99'
-- rtrim_1 = '.'
-- param_3 = 'true'
-- param_4 = 'false'
-- param_5 = 'a-1.5true'

-- {">":[{"*":[{"var":"revenue"},{"var":"visits"},0.1]},5]}
SELECT customer_id FROM customers WHERE revenue * CAST(visits AS NUMERIC(18, 0)) * CAST(:param_1 AS NUMERIC(2, 1)) > CAST(:param_2 AS NUMERIC(34, 3))
-- param_1 = Decimal('0.1')
-- param_2 = Decimal('5')

-- {">":[{"*":[{"var":"revenue"},{"var":"revenue"},{"var":"revenue"},{"var":"revenue"}]},5]}
-- refused: var at />/0/*/3 cannot be run over a set of customers: it would need 42 digits, and the database keeps 38.

-- {">":[{"+":[{"var":"huge"},1]},5]}
SELECT customer_id FROM customers WHERE CAST(CAST(huge AS NUMERIC(18, 0)) AS NUMERIC(19, 0)) + CAST(CAST(:param_1 AS NUMERIC(1, 0)) AS NUMERIC(19, 0)) > CAST(:param_2 AS NUMERIC(19, 0))
-- param_1 = Decimal('1')
-- param_2 = Decimal('5')

-- {">":[{"/":[{"var":"revenue"},{"var":"visits"}]},10]}
SELECT customer_id FROM customers WHERE CAST(visits AS NUMERIC(18, 0)) > :param_1 AND CAST(revenue AS NUMERIC(22, 2)) > CAST(CAST(visits AS NUMERIC(18, 0)) * CAST(:param_2 AS NUMERIC(2, 0)) AS NUMERIC(22, 2)) OR CAST(visits AS NUMERIC(18, 0)) < :param_3 AND CAST(revenue AS NUMERIC(22, 2)) < CAST(CAST(visits AS NUMERIC(18, 0)) * CAST(:param_2 AS NUMERIC(2, 0)) AS NUMERIC(22, 2))
-- param_1 = 0
-- param_2 = Decimal('10')
-- param_3 = 0

-- {"==":[{"/":[{"var":"revenue"},{"var":"visits"}]},0.5]}
SELECT customer_id FROM customers WHERE CAST(visits AS NUMERIC(18, 0)) != :param_1 AND CAST(revenue AS NUMERIC(21, 2)) = CAST(CAST(visits AS NUMERIC(18, 0)) * CAST(:param_2 AS NUMERIC(2, 1)) AS NUMERIC(21, 2))
-- param_1 = 0
-- param_2 = Decimal('0.5')

-- {">":[{"+":[{"/":[{"var":"revenue"},{"var":"visits"}]},1]},10]}
-- refused: var at />/0/+/0/~1/1 cannot be run over a set of customers: the database does not keep 38 decimals of a quotient; compare the quotient with a number.

-- {"==":[{"%":[{"var":"visits"},7]},0]}
SELECT customer_id FROM customers WHERE mod(CAST(visits AS NUMERIC(18, 0)), nullif(CAST(:param_1 AS NUMERIC(18, 0)), CAST(:param_2 AS NUMERIC(18, 0)))) = CAST(:param_3 AS NUMERIC(18, 0))
-- param_1 = Decimal('7')
-- param_2 = Decimal('0')
-- param_3 = Decimal('0')

-- {">":[{"round":[{"var":"revenue"},0,"half_even"]},5]}
SELECT customer_id FROM customers WHERE CAST(round(CAST(revenue AS NUMERIC(15, 2)), :round_1) AS NUMERIC(15, 2)) - CASE WHEN (abs(CAST(round(CAST(revenue AS NUMERIC(15, 2)), :round_2) AS NUMERIC(15, 2)) - CAST(revenue AS NUMERIC(15, 2))) * :abs_1 = CAST(:param_1 AS NUMERIC(15, 2)) AND mod(CAST(round(CAST(revenue AS NUMERIC(15, 2)), :round_3) AS NUMERIC(15, 2)), CAST(:param_1 AS NUMERIC(15, 2)) * :param_2) != :mod_1) THEN CASE WHEN (CAST(revenue AS NUMERIC(15, 2)) < :param_3) THEN -CAST(:param_1 AS NUMERIC(15, 2)) ELSE CAST(:param_1 AS NUMERIC(15, 2)) END ELSE CAST(:param_4 AS NUMERIC(15, 2)) END > CAST(:param_5 AS NUMERIC(15, 2))
-- round_1 = 0
-- round_2 = 0
-- abs_1 = 2
-- param_1 = Decimal('1')
-- round_3 = 0
-- param_2 = 2
-- mod_1 = 0
-- param_3 = 0
-- param_4 = Decimal('0')
-- param_5 = Decimal('5')

-- {">":[{"floor":[{"var":"revenue"},1]},5]}
SELECT customer_id FROM customers WHERE CAST(round(CAST(revenue AS NUMERIC(15, 2)), :round_1) AS NUMERIC(15, 2)) - CASE WHEN (CAST(round(CAST(revenue AS NUMERIC(15, 2)), :round_2) AS NUMERIC(15, 2)) > CAST(revenue AS NUMERIC(15, 2))) THEN CAST(:param_1 AS NUMERIC(15, 2)) ELSE CAST(:param_2 AS NUMERIC(15, 2)) END > CAST(:param_3 AS NUMERIC(15, 2))
-- round_1 = 1
-- round_2 = 1
-- param_1 = Decimal('0.1')
-- param_2 = Decimal('0')
-- param_3 = Decimal('5')

-- {">":[{"max":[{"var":"visits"},{"var":"points"}]},5]}
SELECT customer_id FROM customers WHERE CASE WHEN (CAST(visits AS NUMERIC(18, 0)) IS NULL OR CAST(points AS NUMERIC(18, 0)) IS NULL) THEN NULL ELSE greatest(CAST(visits AS NUMERIC(18, 0)), CAST(points AS NUMERIC(18, 0))) END > CAST(:param_1 AS NUMERIC(18, 0))
-- param_1 = Decimal('5')

-- {"==":[{"var":"revenue"},{"var":"visits"}]}
SELECT customer_id FROM customers WHERE DECODE(CAST(revenue AS NUMERIC(20, 2)), CAST(CAST(visits AS NUMERIC(18, 0)) AS NUMERIC(20, 2)), 0, 1) = 0

-- {">":[{"var":"usage"},0.1]}
SELECT customer_id FROM customers WHERE usage > :param_1
-- param_1 = 0.1

-- {">":[{"+":[{"var":"usage"},1]},0.1]}
-- refused: var at />/0/+/0 cannot be run over a set of customers: its column holds binary fractions, which cannot be computed with exactly here.

-- {">":[{"var":"rate"},0.1]}
SELECT customer_id FROM customers WHERE rate > CAST(:param_1 AS NUMERIC(2, 1))
-- param_1 = Decimal('0.1')

-- {">":[{"+":[{"var":"rate"},1]},2]}
-- refused: var at />/0/+/0 cannot be run over a set of customers: a number in it has no digits declared; give its column a precision, as NUMERIC(18, 2).

-- {"within_days":[{"var":"seen_at"},30]}
SELECT customer_id FROM customers WHERE sys_extract_utc(seen_at) > CAST(:param_1 AS TIMESTAMP) AND sys_extract_utc(seen_at) <= CAST(:param_2 AS TIMESTAMP)
-- param_1 = datetime.datetime(2026, 10, 21, 14, 30)
-- param_2 = datetime.datetime(2026, 11, 20, 14, 30)

-- {"within_days":[{"var":"called_at"},-30]}
SELECT customer_id FROM customers WHERE called_at > CAST(:param_1 AS TIMESTAMP) AND called_at <= CAST(:param_2 AS TIMESTAMP)
-- param_1 = datetime.datetime(2026, 11, 20, 14, 30)
-- param_2 = datetime.datetime(2026, 12, 20, 14, 30)

-- {"within_days":[{"var":"joined_on"},-7]}
SELECT customer_id FROM customers WHERE joined_on > :param_1 AND joined_on <= :param_2
-- param_1 = datetime.date(2026, 11, 20)
-- param_2 = datetime.date(2026, 11, 27)

-- {">=":[{"var":"seen_at"},{"days_ago":30}]}
SELECT customer_id FROM customers WHERE sys_extract_utc(seen_at) >= CAST(:param_1 AS TIMESTAMP)
-- param_1 = datetime.datetime(2026, 10, 20, 22, 0)

-- {"<":[{"days_since":[{"var":"seen_at"}]},10]}
SELECT customer_id FROM customers WHERE sys_extract_utc(seen_at) >= CAST(:param_1 AS TIMESTAMP)
-- param_1 = datetime.datetime(2026, 11, 10, 23, 0)

-- {"==":[{"days_since":[{"var":"seen_at"}]},{"var":"visits"}]}
SELECT customer_id FROM customers WHERE DECODE(CAST(:param_1 - trunc(from_tz(CAST(sys_extract_utc(seen_at) AS TIMESTAMP), 'UTC') AT TIME ZONE :param_2) AS NUMERIC(18, 0)), CAST(visits AS NUMERIC(18, 0)), 0, 1) = 0
-- param_1 = datetime.date(2026, 11, 20)
-- param_2 = 'Europe/Berlin'

-- {"==":[{"days_since":[{"var":"joined_on"}]},{"var":"visits"}]}
SELECT customer_id FROM customers WHERE DECODE(CAST(:param_1 - trunc(joined_on) AS NUMERIC(18, 0)), CAST(visits AS NUMERIC(18, 0)), 0, 1) = 0
-- param_1 = datetime.date(2026, 11, 20)

-- {"if":[{">":[{"var":"visits"},3]},{"var":"has_app"},{"==":[{"var":"city"},"a"]}]}
SELECT customer_id FROM customers WHERE CASE WHEN (visits > :param_1) THEN CASE WHEN (has_app = 1) THEN 1 ELSE 0 END ELSE CASE WHEN (city = :param_2) THEN 1 ELSE 0 END END = 1
-- param_1 = 3
-- param_2 = 'a'

-- {"if":[false,{"var":"has_app"},true]}
SELECT customer_id FROM customers WHERE CASE WHEN (0 = 1) THEN CASE WHEN (has_app = 1) THEN 1 ELSE 0 END ELSE 1 END = 1

-- {"==":[{"??":[{"var":"revenue"},{"var":"visits"}]},1]}
SELECT customer_id FROM customers WHERE coalesce(CAST(revenue AS NUMERIC(20, 2)), CAST(CAST(visits AS NUMERIC(18, 0)) AS NUMERIC(20, 2))) = CAST(:param_1 AS NUMERIC(20, 2))
-- param_1 = Decimal('1')

-- {"==":[{"and":[{">":[{"var":"visits"},1]},{"var":"has_app"}]},true]}
SELECT customer_id FROM customers WHERE CASE WHEN (CASE WHEN (visits > :param_1) THEN 1 ELSE 0 END != 1) THEN CASE WHEN (CASE WHEN (visits > :param_2) THEN 1 ELSE 0 END = 1) THEN 1 ELSE 0 END ELSE has_app END = 1
-- param_1 = 1
-- param_2 = 1

-- {"<=":[1,{"var":"visits"},5]}
SELECT customer_id FROM customers WHERE :param_1 <= visits AND visits <= :param_2
-- param_1 = 1
-- param_2 = 5
