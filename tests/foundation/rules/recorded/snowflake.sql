-- {"and":[{">":[{"var":"revenue"},1000]},{"<":[{"var":"visits"},30]}]}
SELECT customer_id FROM customers WHERE revenue > CAST(%(param_1)s AS NUMERIC(14, 2)) AND visits < %(param_2)s
-- param_1 = '1000'
-- param_2 = 30

-- {"!":[{"<":[{"var":"visits"},30]}]}
SELECT customer_id FROM customers WHERE (NOT coalesce(visits < %(param_1)s, false))
-- param_1 = 30

-- {"and":[{">":[{"var":"visits"},2.5]},{"<":[{"var":"revenue"},0.005]},{"!=":[{"var":"visits"},0.5]}]}
SELECT customer_id FROM customers WHERE visits > %(param_1)s AND revenue <= CAST(%(param_2)s AS NUMERIC(1, 0))
-- param_1 = 2
-- param_2 = '0'

-- {"==":[{"var":"has_app"},true]}
SELECT customer_id FROM customers WHERE has_app = %(param_1)s
-- param_1 = True

-- {"!":[{"var":"has_app"}]}
SELECT customer_id FROM customers WHERE (NOT coalesce(has_app, false))

-- {"or":[{"var":"has_app"},{"missing":["city","visits"]}]}
SELECT customer_id FROM customers WHERE has_app OR city IS NULL OR city = %(param_1)s OR visits IS NULL
-- param_1 = ''

-- {"==":[{"var":"city"},""]}
SELECT customer_id FROM customers WHERE city = %(param_1)s
-- param_1 = ''

-- {"!=":[{"var":"city"},""]}
SELECT customer_id FROM customers WHERE city IS DISTINCT FROM %(param_1)s
-- param_1 = ''

-- {"!=":[{"var":"city"},"Oslo"]}
SELECT customer_id FROM customers WHERE city IS DISTINCT FROM %(param_1)s
-- param_1 = 'Oslo'

-- {"in":[{"var":"city"},["Oslo","",null]]}
SELECT customer_id FROM customers WHERE city IS NULL OR city IN (%(param_1)s, %(param_2)s)
-- param_1 = 'Oslo'
-- param_2 = ''

-- {"==":[{"var":"city"},"'; DROP TABLE customers; --"]}
SELECT customer_id FROM customers WHERE city = %(param_1)s
-- param_1 = "'; DROP TABLE customers; --"

-- {"<":[{"var":"city"},"b"]}
SELECT customer_id FROM customers WHERE city < %(param_1)s
-- param_1 = 'b'

-- {">=":[{"var":"city"},""]}
SELECT customer_id FROM customers WHERE city >= %(param_1)s
-- param_1 = ''

-- {"starts_with":[{"var":"city"},"O"]}
SELECT customer_id FROM customers WHERE left(city, length(%(param_1)s)) = %(param_2)s
-- param_1 = 'O'
-- param_2 = 'O'

-- {"starts_with":[{"var":"city"},""]}
SELECT customer_id FROM customers WHERE left(city, length(%(param_1)s)) = %(param_2)s
-- param_1 = ''
-- param_2 = ''

-- {"ends_with":[{"var":"city"},"o"]}
SELECT customer_id FROM customers WHERE right(city, length(%(param_1)s)) = %(param_2)s
-- param_1 = 'o'
-- param_2 = 'o'

-- {"in":["sl",{"var":"city"}]}
SELECT customer_id FROM customers WHERE city != %(param_1)s AND charindex(%(param_2)s, city) > %(charindex_1)s
-- param_1 = ''
-- param_2 = 'sl'
-- charindex_1 = 0

-- {"==":[{"substr":[{"var":"city"},0,3]},"Osl"]}
SELECT customer_id FROM customers WHERE substr(city, %(param_1)s + %(param_2)s, CASE WHEN (%(param_3)s >= %(param_4)s) THEN least(%(param_5)s, greatest(length(city) - %(param_6)s, %(greatest_1)s)) ELSE greatest(greatest(length(city) - %(param_6)s, %(greatest_1)s) + %(param_7)s, %(greatest_2)s) END) = %(param_8)s
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
SELECT customer_id FROM customers WHERE CASE WHEN (visits IS NULL) THEN NULL ELSE substr(city, CASE WHEN (CAST(greatest(least(CAST(visits AS NUMERIC(18, 0)), %(least_1)s), %(greatest_1)s) AS INTEGER) >= %(param_1)s) THEN least(CAST(greatest(least(CAST(visits AS NUMERIC(18, 0)), %(least_2)s), %(greatest_2)s) AS INTEGER), length(city)) ELSE greatest(length(city) + CAST(greatest(least(CAST(visits AS NUMERIC(18, 0)), %(least_3)s), %(greatest_3)s) AS INTEGER), %(greatest_4)s) END + %(param_2)s, greatest(length(city) - CASE WHEN (CAST(greatest(least(CAST(visits AS NUMERIC(18, 0)), %(least_4)s), %(greatest_5)s) AS INTEGER) >= %(param_3)s) THEN least(CAST(greatest(least(CAST(visits AS NUMERIC(18, 0)), %(least_5)s), %(greatest_6)s) AS INTEGER), length(city)) ELSE greatest(length(city) + CAST(greatest(least(CAST(visits AS NUMERIC(18, 0)), %(least_6)s), %(greatest_7)s) AS INTEGER), %(greatest_8)s) END, %(greatest_9)s)) END IS NOT DISTINCT FROM plan
-- least_1 = 131072
-- greatest_1 = -131072
-- param_1 = 0
-- least_2 = 131072
-- greatest_2 = -131072
-- least_3 = 131072
-- greatest_3 = -131072
-- greatest_4 = 0
-- param_2 = 1
-- least_4 = 131072
-- greatest_5 = -131072
-- param_3 = 0
-- least_5 = 131072
-- greatest_6 = -131072
-- least_6 = 131072
-- greatest_7 = -131072
-- greatest_8 = 0
-- greatest_9 = 0

-- {"==":[{"lower":[{"trim":[{"var":"city"}]}]},"oslo"]}
SELECT customer_id FROM customers WHERE translate(trim(city, %(param_1)s), %(param_2)s, %(param_3)s) = %(param_4)s
-- param_1 = ' '
-- param_2 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞĀĂĄĆĈĊČĎĐĒĔĖĘĚĜĞĠĢĤĦĨĪĬĮĲĴĶĹĻĽĿŁŃŅŇŊŌŎŐŒŔŖŘŚŜŞŠŢŤŦŨŪŬŮŰŲŴŶŸŹŻŽƁƂƄƆƇƉƊƋƎƏƐƑƓƔƖƗƘƜƝƟƠƢƤƦƧƩƬƮƯƱƲƳƵƷƸƼǄǇǊǍǏǑǓǕǗǙǛǞǠǢǤǦǨǪǬǮǱǴǶǷǸǺǼǾȀȂȄȆȈȊȌȎȐȒȔȖȘȚȜȞȠȢȤȦȨȪȬȮȰȲȺȻȽȾɁɃɄɅɆɈɊɌɎͰͲͶͿΆΈΉΊΌΎΏΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩΪΫϏϘϚϜϞϠϢϤϦϨϪϬϮϷϹϺϽϾϿЀЁЂЃЄЅІЇЈЉЊЋЌЍЎЏАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯѠѢѤѦѨѪѬѮѰѲѴѶѸѺѼѾҀҊҌҎҐҒҔҖҘҚҜҞҠҢҤҦҨҪҬҮҰҲҴҶҸҺҼҾӀӁӃӅӇӉӋӍӐӒӔӖӘӚӜӞӠӢӤӦӨӪӬӮӰӲӴӶӸӺӼӾԀԂԄԆԈԊԌԎԐԒԔԖԘԚԜԞԠԢԤԦԨԪԬԮԱԲԳԴԵԶԷԸԹԺԻԼԽԾԿՀՁՂՃՄՅՆՇՈՉՊՋՌՍՎՏՐՑՒՓՔՕՖ'
-- param_3 = 'abcdefghijklmnopqrstuvwxyzàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþāăąćĉċčďđēĕėęěĝğġģĥħĩīĭįĳĵķĺļľŀłńņňŋōŏőœŕŗřśŝşšţťŧũūŭůűųŵŷÿźżžɓƃƅɔƈɖɗƌǝəɛƒɠɣɩɨƙɯɲɵơƣƥʀƨʃƭʈưʊʋƴƶʒƹƽǆǉǌǎǐǒǔǖǘǚǜǟǡǣǥǧǩǫǭǯǳǵƕƿǹǻǽǿȁȃȅȇȉȋȍȏȑȓȕȗșțȝȟƞȣȥȧȩȫȭȯȱȳⱥȼƚⱦɂƀʉʌɇɉɋɍɏͱͳͷϳάέήίόύώαβγδεζηθικλμνξοπρστυφχψωϊϋϗϙϛϝϟϡϣϥϧϩϫϭϯϸϲϻͻͼͽѐёђѓєѕіїјљњћќѝўџабвгдежзийклмнопрстуфхцчшщъыьэюяѡѣѥѧѩѫѭѯѱѳѵѷѹѻѽѿҁҋҍҏґғҕҗҙқҝҟҡңҥҧҩҫҭүұҳҵҷҹһҽҿӏӂӄӆӈӊӌӎӑӓӕӗәӛӝӟӡӣӥӧөӫӭӯӱӳӵӷӹӻӽӿԁԃԅԇԉԋԍԏԑԓԕԗԙԛԝԟԡԣԥԧԩԫԭԯաբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆ'
-- param_4 = 'oslo'

-- {">":[{"length":[{"var":"city"}]},3]}
SELECT customer_id FROM customers WHERE CAST(length(city) AS NUMERIC(18, 0)) > CAST(%(param_1)s AS NUMERIC(18, 0))
-- param_1 = '3'

-- {"==":[{"cat":[{"var":"city"},"-",{"var":"revenue"},{"var":"has_app"}]},"a-1.5true"]}
SELECT customer_id FROM customers WHERE concat(coalesce(city, %(param_1)s), coalesce(%(param_2)s, %(param_1)s), coalesce(rtrim(rtrim(CAST(revenue AS TEXT), %(rtrim_1)s), %(rtrim_2)s), %(param_1)s), coalesce(CASE WHEN has_app THEN %(param_3)s WHEN (has_app IS NOT NULL) THEN %(param_4)s END, %(param_1)s)) = %(param_5)s
-- param_1 = ''
-- param_2 = '-'
-- rtrim_1 = '0'
-- rtrim_2 = '.'
-- param_3 = 'true'
-- param_4 = 'false'
-- param_5 = 'a-1.5true'

-- {">":[{"*":[{"var":"revenue"},{"var":"visits"},0.1]},5]}
SELECT customer_id FROM customers WHERE revenue * CAST(visits AS NUMERIC(18, 0)) * CAST(%(param_1)s AS NUMERIC(2, 1)) > CAST(%(param_2)s AS NUMERIC(34, 3))
-- param_1 = '0.1'
-- param_2 = '5'

-- {">":[{"*":[{"var":"revenue"},{"var":"revenue"},{"var":"revenue"},{"var":"revenue"}]},5]}
-- refused: var at />/0/*/3 cannot be run over a set of customers: it would need 42 digits, and the database keeps 38.

-- {">":[{"+":[{"var":"huge"},1]},5]}
SELECT customer_id FROM customers WHERE CAST(CAST(huge AS NUMERIC(18, 0)) AS NUMERIC(19, 0)) + CAST(CAST(%(param_1)s AS NUMERIC(1, 0)) AS NUMERIC(19, 0)) > CAST(%(param_2)s AS NUMERIC(19, 0))
-- param_1 = '1'
-- param_2 = '5'

-- {">":[{"/":[{"var":"revenue"},{"var":"visits"}]},10]}
SELECT customer_id FROM customers WHERE CAST(visits AS NUMERIC(18, 0)) > %(param_1)s AND CAST(revenue AS NUMERIC(22, 2)) > CAST(CAST(visits AS NUMERIC(18, 0)) * CAST(%(param_2)s AS NUMERIC(2, 0)) AS NUMERIC(22, 2)) OR CAST(visits AS NUMERIC(18, 0)) < %(param_3)s AND CAST(revenue AS NUMERIC(22, 2)) < CAST(CAST(visits AS NUMERIC(18, 0)) * CAST(%(param_2)s AS NUMERIC(2, 0)) AS NUMERIC(22, 2))
-- param_1 = 0
-- param_2 = '10'
-- param_3 = 0

-- {"==":[{"/":[{"var":"revenue"},{"var":"visits"}]},0.5]}
SELECT customer_id FROM customers WHERE CAST(visits AS NUMERIC(18, 0)) != %(param_1)s AND CAST(revenue AS NUMERIC(21, 2)) = CAST(CAST(visits AS NUMERIC(18, 0)) * CAST(%(param_2)s AS NUMERIC(2, 1)) AS NUMERIC(21, 2))
-- param_1 = 0
-- param_2 = '0.5'

-- {">":[{"+":[{"/":[{"var":"revenue"},{"var":"visits"}]},1]},10]}
-- refused: var at />/0/+/0/~1/1 cannot be run over a set of customers: the database does not keep 38 decimals of a quotient; compare the quotient with a number.

-- {"==":[{"%":[{"var":"visits"},7]},0]}
SELECT customer_id FROM customers WHERE mod(CAST(visits AS NUMERIC(18, 0)), nullif(CAST(%(param_1)s AS NUMERIC(18, 0)), CAST(%(param_2)s AS NUMERIC(18, 0)))) = CAST(%(param_3)s AS NUMERIC(18, 0))
-- param_1 = '7'
-- param_2 = '0'
-- param_3 = '0'

-- {">":[{"round":[{"var":"revenue"},0,"half_even"]},5]}
SELECT customer_id FROM customers WHERE CAST(round(CAST(revenue AS NUMERIC(15, 2)), %(round_1)s) AS NUMERIC(15, 2)) - CASE WHEN (abs(CAST(round(CAST(revenue AS NUMERIC(15, 2)), %(round_2)s) AS NUMERIC(15, 2)) - CAST(revenue AS NUMERIC(15, 2))) * %(abs_1)s = CAST(%(param_1)s AS NUMERIC(15, 2)) AND mod(CAST(round(CAST(revenue AS NUMERIC(15, 2)), %(round_3)s) AS NUMERIC(15, 2)), CAST(%(param_1)s AS NUMERIC(15, 2)) * %(param_2)s) != %(mod_1)s) THEN CASE WHEN (CAST(revenue AS NUMERIC(15, 2)) < %(param_3)s) THEN -CAST(%(param_1)s AS NUMERIC(15, 2)) ELSE CAST(%(param_1)s AS NUMERIC(15, 2)) END ELSE CAST(%(param_4)s AS NUMERIC(15, 2)) END > CAST(%(param_5)s AS NUMERIC(15, 2))
-- round_1 = 0
-- round_2 = 0
-- abs_1 = 2
-- param_1 = '1'
-- round_3 = 0
-- param_2 = 2
-- mod_1 = 0
-- param_3 = 0
-- param_4 = '0'
-- param_5 = '5'

-- {">":[{"floor":[{"var":"revenue"},1]},5]}
SELECT customer_id FROM customers WHERE CAST(round(CAST(revenue AS NUMERIC(15, 2)), %(round_1)s) AS NUMERIC(15, 2)) - CASE WHEN (CAST(round(CAST(revenue AS NUMERIC(15, 2)), %(round_2)s) AS NUMERIC(15, 2)) > CAST(revenue AS NUMERIC(15, 2))) THEN CAST(%(param_1)s AS NUMERIC(15, 2)) ELSE CAST(%(param_2)s AS NUMERIC(15, 2)) END > CAST(%(param_3)s AS NUMERIC(15, 2))
-- round_1 = 1
-- round_2 = 1
-- param_1 = '0.1'
-- param_2 = '0'
-- param_3 = '5'

-- {">":[{"max":[{"var":"visits"},{"var":"points"}]},5]}
SELECT customer_id FROM customers WHERE CASE WHEN (CAST(visits AS NUMERIC(18, 0)) IS NULL OR CAST(points AS NUMERIC(18, 0)) IS NULL) THEN NULL ELSE greatest(CAST(visits AS NUMERIC(18, 0)), CAST(points AS NUMERIC(18, 0))) END > CAST(%(param_1)s AS NUMERIC(18, 0))
-- param_1 = '5'

-- {"==":[{"var":"revenue"},{"var":"visits"}]}
SELECT customer_id FROM customers WHERE CAST(revenue AS NUMERIC(20, 2)) IS NOT DISTINCT FROM CAST(CAST(visits AS NUMERIC(18, 0)) AS NUMERIC(20, 2))

-- {">":[{"var":"usage"},0.1]}
SELECT customer_id FROM customers WHERE usage > %(param_1)s
-- param_1 = 0.1

-- {">":[{"+":[{"var":"usage"},1]},0.1]}
-- refused: var at />/0/+/0 cannot be run over a set of customers: its column holds binary fractions, which cannot be computed with exactly here.

-- {">":[{"var":"rate"},0.1]}
SELECT customer_id FROM customers WHERE CAST(CAST(rate AS NUMERIC(18, 0)) AS NUMERIC(19, 1)) > CAST(%(param_1)s AS NUMERIC(19, 1))
-- param_1 = '0.1'

-- {">":[{"+":[{"var":"rate"},1]},2]}
SELECT customer_id FROM customers WHERE CAST(CAST(rate AS NUMERIC(18, 0)) AS NUMERIC(19, 0)) + CAST(CAST(%(param_1)s AS NUMERIC(1, 0)) AS NUMERIC(19, 0)) > CAST(%(param_2)s AS NUMERIC(19, 0))
-- param_1 = '1'
-- param_2 = '2'

-- {"within_days":[{"var":"seen_at"},30]}
SELECT customer_id FROM customers WHERE CAST(convert_timezone(%(param_1)s, seen_at) AS datetime) > CAST(%(param_2)s AS datetime) AND CAST(convert_timezone(%(param_3)s, seen_at) AS datetime) <= CAST(%(param_4)s AS datetime)
-- param_1 = 'UTC'
-- param_2 = datetime.datetime(2026, 10, 21, 14, 30)
-- param_3 = 'UTC'
-- param_4 = datetime.datetime(2026, 11, 20, 14, 30)

-- {"within_days":[{"var":"called_at"},-30]}
SELECT customer_id FROM customers WHERE called_at > CAST(%(param_1)s AS datetime) AND called_at <= CAST(%(param_2)s AS datetime)
-- param_1 = datetime.datetime(2026, 11, 20, 14, 30)
-- param_2 = datetime.datetime(2026, 12, 20, 14, 30)

-- {"within_days":[{"var":"joined_on"},-7]}
SELECT customer_id FROM customers WHERE joined_on > %(param_1)s AND joined_on <= %(param_2)s
-- param_1 = datetime.date(2026, 11, 20)
-- param_2 = datetime.date(2026, 11, 27)

-- {">=":[{"var":"seen_at"},{"days_ago":30}]}
SELECT customer_id FROM customers WHERE CAST(convert_timezone(%(param_1)s, seen_at) AS datetime) >= CAST(%(param_2)s AS datetime)
-- param_1 = 'UTC'
-- param_2 = datetime.datetime(2026, 10, 20, 22, 0)

-- {"<":[{"days_since":[{"var":"seen_at"}]},10]}
SELECT customer_id FROM customers WHERE CAST(convert_timezone(%(param_1)s, seen_at) AS datetime) >= CAST(%(param_2)s AS datetime)
-- param_1 = 'UTC'
-- param_2 = datetime.datetime(2026, 11, 10, 23, 0)

-- {"==":[{"days_since":[{"var":"seen_at"}]},{"var":"visits"}]}
SELECT customer_id FROM customers WHERE CAST(datediff(day, CAST(convert_timezone(%(param_1)s, %(param_2)s, CAST(convert_timezone(%(param_3)s, seen_at) AS datetime)) AS DATE), %(param_4)s) AS NUMERIC(18, 0)) IS NOT DISTINCT FROM CAST(visits AS NUMERIC(18, 0))
-- param_1 = 'UTC'
-- param_2 = 'Europe/Berlin'
-- param_3 = 'UTC'
-- param_4 = datetime.date(2026, 11, 20)

-- {"==":[{"days_since":[{"var":"joined_on"}]},{"var":"visits"}]}
SELECT customer_id FROM customers WHERE CAST(datediff(day, CAST(joined_on AS DATE), %(param_1)s) AS NUMERIC(18, 0)) IS NOT DISTINCT FROM CAST(visits AS NUMERIC(18, 0))
-- param_1 = datetime.date(2026, 11, 20)

-- {"if":[{">":[{"var":"visits"},3]},{"var":"has_app"},{"==":[{"var":"city"},"a"]}]}
SELECT customer_id FROM customers WHERE CASE WHEN (visits > %(param_1)s) THEN has_app ELSE city = %(param_2)s END
-- param_1 = 3
-- param_2 = 'a'

-- {"if":[false,{"var":"has_app"},true]}
SELECT customer_id FROM customers WHERE CASE WHEN false THEN has_app ELSE true END

-- {"==":[{"??":[{"var":"revenue"},{"var":"visits"}]},1]}
SELECT customer_id FROM customers WHERE coalesce(CAST(revenue AS NUMERIC(20, 2)), CAST(CAST(visits AS NUMERIC(18, 0)) AS NUMERIC(20, 2))) = CAST(%(param_1)s AS NUMERIC(20, 2))
-- param_1 = '1'

-- {"==":[{"and":[{">":[{"var":"visits"},1]},{"var":"has_app"}]},true]}
SELECT customer_id FROM customers WHERE CASE WHEN NOT coalesce(visits > %(param_1)s, false) THEN coalesce(visits > %(param_2)s, false) ELSE has_app END = %(param_3)s
-- param_1 = 1
-- param_2 = 1
-- param_3 = True

-- {"<=":[1,{"var":"visits"},5]}
SELECT customer_id FROM customers WHERE %(param_1)s <= visits AND visits <= %(param_2)s
-- param_1 = 1
-- param_2 = 5
