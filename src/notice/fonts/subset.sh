#!/bin/sh
# Makes the fonts of this folder from the Debian packages named in README.md.
# Usage: subset.sh FOLDER, where FOLDER holds the unpacked packages (dpkg -x). Needs: pip install fonttools==4.68.0
set -eu
truetype="$1/usr/share/fonts/truetype/noto"
opentype="$1/usr/share/fonts/opentype/noto"
here=$(dirname "$0")

cut() { # source, number in the collection, target, layout features, then what to keep (pyftsubset arguments)
    source=$1 number=$2 target=$3 features=$4
    shift 4
    SOURCE_DATE_EPOCH=0 pyftsubset "$source" --font-number="$number" --output-file="$here/$target" --no-hinting \
        --layout-features="$features" --drop-tables+=vhea,vmtx,VORG,BASE,STAT,MATH,DSIG,meta \
        --name-IDs=0,1,2,3,4,5,6,13,14 --notdef-outline "$@"
}

# Latin-1, Latin Extended-A, what Azerbaijani, Romanian and Uzbek add, combining accents, Cyrillic with the letters of
# Central Asia, Ukraine and Belarus, punctuation, currencies.
cut "$truetype/NotoSans-CondensedSemiBold.ttf" 0 latin-cyrillic.ttf ccmp,locl,kern,mark,mkmk \
    --unicodes='U+20-7E,U+A0-17F,U+18F,U+218-21B,U+237,U+259,U+2BB,U+2BC,U+2C6,U+2C7,U+2D8-2DD,U+300-304,U+306-30C,U+327,U+328,U+400-45F,U+462,U+463,U+472-475,U+48A-52F,U+1E9E,U+2010-2015,U+2018-201E,U+2020-2022,U+2026,U+2030,U+2032,U+2033,U+2039,U+203A,U+2044,U+20AC,U+20B4,U+20B8,U+20B9,U+20BA,U+20BD,U+2116,U+2122,U+2212'
cut "$truetype/NotoSansDevanagari-CondensedSemiBold.ttf" 0 devanagari.ttf \
    akhn,rphf,rkrf,blwf,half,vatu,cjct,pres,abvs,blws,psts,haln,nukt,pref,pstf,cfar,init,abvm,blwm,dist,kern,mark,mkmk,ccmp,locl,calt,rclt,rlig \
    --unicodes='U+901-903,U+905-914,U+915-939,U+93C-94D,U+950,U+958-95F,U+964-970,U+200C,U+200D,U+25CC'
cut "$truetype/NotoSansArabic-CondensedSemiBold.ttf" 0 arabic.ttf \
    init,medi,fina,isol,rlig,calt,liga,ccmp,locl,mark,mkmk,kern,curs,rclt \
    --unicodes='U+60C,U+61B,U+61F,U+621-63A,U+640-652,U+660-66D,U+670,U+671,U+679,U+67E,U+686,U+688,U+691,U+698,U+6A9,U+6AD,U+6AF,U+6BA,U+6BE,U+6C0-6C3,U+6C6-6C8,U+6CB-6CD,U+6D0,U+6D2-6D5,U+6F0-6F9,U+200C-200F'
# The words of labels alone: an ideograph costs about 200 bytes.
cut "$opentype/NotoSansCJK-Bold.ttc" 2 chinese.otf locl,kern \
    --text='人工智能生成合修改编辑辅助制作创图像片视频音文本字内容由的此为经使用模型深度伪造虚拟仿真非实拍标识记品含有，。、：（）'
cut "$opentype/NotoSansCJK-Bold.ttc" 0 japanese.otf locl,kern \
    --unicodes='U+3041-3094,U+30A1-30F4,U+30FB,U+30FC,U+3001,U+3002,U+300C,U+300D' \
    --text='人工知能生成編集加工修正改変作製制画像動映音声文章写真使用利済合本品'
cut "$opentype/NotoSansCJK-Bold.ttc" 1 korean.otf ccmp,locl,kern \
    --text='인공지능생성편집수정합제작변형됨된물로으이미지영상음성텍스트동사진콘텐츠활용하여만든는을를가의입니다했습본딥페크표시'
